"""A plain ImageJ on a screen of its own, whose macro runs a command and takes its time.

It is the ImageJ that is downloaded from Maven Central, as a program, with the FRM
commands installed: what a person has.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from frm_bridge.doors.installation import install
from frm_bridge.errors import EnvironmentProblem, WorkflowError
from frm_bridge.imagej import check_java
from frm_bridge.imagej.jars import imagej_jar

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

_LIMIT_S = 300.0  # an ImageJ that starts, or one call
_PAUSE_S = 0.002
# Each question is a file: the image's title, and the line that stands in a macro after
# the command. The answer is a file, too: nanoseconds before and after the call.
_MACRO = """
here = "{here}/";
paths = newArray({images});
for (i = 0; i < paths.length; i++) open(paths[i]);
for (n = 0; true; n++) {
    while (!File.exists(here + "ask" + n)) {
        if (File.exists(here + "end")) {
            run("Close All");
            run("Quit");
        }
        wait(5);
    }
    said = split(File.openAsString(here + "ask" + n), "\\n");
    selectImage(said[0]);
    wait({rest});
    before = call("java.lang.System.nanoTime");
    run("FRM Predict", said[1]);
    after = call("java.lang.System.nanoTime");
    title = getTitle();
    close();
    File.saveString(before + "\\n" + after + "\\n" + title + "\\n.", here + "told" + n);
}
"""


class ImageJCaller:
    """An ImageJ that runs; made by `calling_imagej`."""

    def __init__(self, process: subprocess.Popen[bytes], folder: Path) -> None:
        self._process = process
        self._folder = folder
        self._count = 0

    def predict(self, image: Path, line: str) -> float:
        """Let the macro line ``run("FRM Predict", line)`` run on an open image.

        Parameters
        ----------
        image : Path
            One of those that are open.
        line : str
            ``model=nuclei-brightfield``.

        Returns
        -------
        float
            Seconds, from the macro line to the next one, which has the result window.

        Raises
        ------
        WorkflowError
            ``E_WORKFLOW_FAILED`` where none came.
        """
        asked = self._folder / f"ask{self._count}"
        told = self._folder / f"told{self._count}"
        self._count += 1
        partial = self._folder / "partial"
        partial.write_text(f"{image.name}\n{line}\n", encoding="ascii")
        partial.rename(asked)
        until = time.monotonic() + _LIMIT_S
        while not (told.is_file() and told.read_text(encoding="ascii").endswith(".")):
            if time.monotonic() > until or self._process.poll() is not None:
                raise WorkflowError(
                    "E_WORKFLOW_FAILED",
                    f'run("FRM Predict", "{line}") has not ended in an ImageJ',
                    "run it by hand to see why",
                )
            time.sleep(_PAUSE_S)
        before, after, title, _ = told.read_text(encoding="ascii").split("\n")
        if title == image.name:
            raise WorkflowError(
                "E_WORKFLOW_FAILED",
                f'run("FRM Predict", "{line}") opened no image',
                "run it by hand to see why",
            )
        return (int(after) - int(before)) / 1e9


@contextmanager
def calling_imagej(
    folder: Path, images: Sequence[Path], *, rest_s: float = 0.05
) -> Iterator[ImageJCaller]:
    """Start an ImageJ with open images, and end it.

    Parameters
    ----------
    folder : Path
        For its files; empty.
    images : sequence of Path
        TIFFs of different names.
    rest_s : float
        What it waits before each call.

    Yields
    ------
    ImageJCaller
        It has started when the first call is done.

    Raises
    ------
    EnvironmentProblem
        ``E_NO_DISPLAY``, and those of Java and of ImageJ's jars.
    """
    screen = _screen()
    (folder / "ImageJ" / "plugins").mkdir(parents=True)
    shutil.copy(imagej_jar(), folder / "ImageJ" / "ij.jar")
    install(folder / "ImageJ")
    macro = folder / "calls.ijm"
    names = ", ".join(f'"{image.as_posix()}"' for image in images)
    text = _MACRO.replace("{here}", folder.as_posix()).replace("{images}", names)
    macro.write_text(text.replace("{rest}", f"{rest_s * 1e3:.0f}"), encoding="utf-8")
    java = [
        *(str(check_java().home / "bin" / "java"), "-Dfile.encoding=UTF-8"),
        *(f"-Dplugins.dir={folder / 'ImageJ'}", f"-Duser.home={folder}"),
        *("-jar", str(folder / "ImageJ" / "ij.jar"), "-macro", str(macro)),
    ]
    process = subprocess.Popen(  # noqa: S603 - ImageJ
        [*screen, *java],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        yield ImageJCaller(process, folder)
        (folder / "end").touch()
        process.wait(_LIMIT_S)
    finally:
        _end(process)


def _screen() -> list[str]:
    """Give what runs a program on a screen that nobody sees, where there is one."""
    if shutil.which("xvfb-run"):
        return ["xvfb-run", "-a"]
    if sys.platform in ("win32", "darwin") or os.environ.get("DISPLAY"):
        return []
    raise EnvironmentProblem(
        "E_NO_DISPLAY",
        "there is no display for ImageJ's windows, and no xvfb-run",
        "install xvfb",
    )


def _end(process: subprocess.Popen[bytes]) -> None:
    """End it with all that it started."""
    if process.poll() is None:
        if sys.platform == "win32":
            process.kill()
        else:
            os.killpg(process.pid, signal.SIGTERM)
    process.wait(_LIMIT_S)
