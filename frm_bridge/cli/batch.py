"""Many images in one command: which they are, and what a faulty one does to the rest.

What a look at the files can tell is told before any work begins, for all of them
together. A fault that only the pixels show (NaN, one grey level) is told when it is
met: that image is left out, the others are finished, and the exit status is 1.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from frm_bridge.cli.options import explain
from frm_bridge.errors import FrmError, InputError, OutputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

# Beside E_IMAGE_...: what concerns one image, and not its neighbours in the batch.
_OF_ONE_IMAGE = (
    "E_CHANNELS",
    "E_DRIFT",
    "E_PAPER_SIZE",
    "E_PIXEL_SIZE",
    "E_PREDICTION_NOT_FINITE",
    "E_SCALE",
    "E_UNCALIBRATED",
    "E_WORKFLOW_DIALOG",
    "E_WORKFLOW_FAILED",
    "E_WORKFLOW_NO_RESULT",
    "E_WORKFLOW_TIMEOUT",
)
_NAMED = 5


def images_of(places: Iterable[Path]) -> list[Path]:
    """Give the images that files and folders name, refusing two of one name."""
    from frm_bridge.images import list_images

    found: dict[str, Path] = {}
    for place in places:
        for path in list_images(place):
            if found.setdefault(result_name(path), path) != path:
                raise InputError(
                    "E_IMAGE_NAMES",
                    f"{found[result_name(path)]} and {path} would give results of one "
                    "name",
                    "take them in two commands, with different --output folders",
                )
    return list(found.values())


def result_name(path: Path) -> str:
    """Give the name, without an ending, of what is made of an image."""
    from frm_bridge.images import image_stem

    return image_stem(path)


def refuse_inputs(outputs: Sequence[Path], sources: Sequence[Path]) -> None:
    """Refuse to write over an image that is being read, or beside it under its name.

    The second would be no loss, but two files of one stem can no longer be paired.
    """
    own = {_identity(source) for source in sources}
    for output, source in zip(outputs, sources, strict=True):
        if output.is_file() and _identity(output) in own:
            raise OutputError(
                "E_OUTPUT_IS_INPUT",
                f"the result would be written over the image {output}",
                "choose another --output",
            )
        if output.parent.is_dir() and output.parent.samefile(source.parent):
            raise OutputError(
                "E_OUTPUT_IS_INPUT",
                f"the result {output} would stand beside its image {source.name}, "
                "under the same name",
                "choose another --output",
            )


def _identity(file: Path) -> tuple[int, int]:
    there = file.stat()
    return there.st_dev, there.st_ino


def check_images(sources: Sequence[Path], *, channel: int | None = None) -> None:
    """Open every image once, so that faulty files are told before any work."""
    from frm_bridge.images import open_image

    faults = Faults(len(sources))
    for source in sources:
        with faults.of(source), open_image(source, channel=channel):
            pass
    faults.end("nothing was written; mend these images, or take them out")


class Faults:
    """Images that failed while the others went on."""

    def __init__(self, total: int) -> None:
        self.total = total
        self.names: list[str] = []
        self._fix = ""

    @contextmanager
    def of(self, source: Path) -> Iterator[None]:
        """Tell what is wrong with one image, and let the caller go on."""
        try:
            yield
        except FrmError as error:
            concerns_one = error.code.startswith("E_IMAGE") or (
                error.code in _OF_ONE_IMAGE
            )
            if self.total == 1 or not concerns_one:
                raise
            if source.name not in error.message:
                error = type(error)(error.code, f"{source}: {error.message}", error.fix)
            explain(error, known_fix=self._fix)
            self._fix = error.fix
            self.names.append(source.name)

    def end(self, fix: str) -> None:
        """Fail now if any image did."""
        if self.names:
            named = ", ".join(self.names[:_NAMED])
            rest = len(self.names) - _NAMED
            if len(self.names) == self.total > 1:
                fix = "none is left to go on with: see what is said of each above"
            raise InputError(
                "E_IMAGES",
                f"{len(self.names)} of {self.total} images cannot be used: {named}"
                + (f" and {rest} more" if rest > 0 else ""),
                fix,
            )
