"""Floors and a ceiling: what else in the prediction's place would be measured as."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from frm_bridge.comparison import compare
from frm_bridge.comparison.changes import (
    Measurement,
    measure_changes,
    shuffle_partners,
    summarise_changes,
)
from frm_bridge.comparison.readouts import read_readouts
from frm_bridge.errors import FrmError, InputError
from frm_bridge.images import create_image, image_stem, list_images, open_image
from frm_bridge.images.noise import add_noise, estimate_noise
from frm_bridge.reporting import write_report

if TYPE_CHECKING:
    from collections.abc import Mapping

    from frm_bridge.comparison.question import Question
    from frm_bridge.comparison.readouts import Readouts
    from frm_bridge.imagej import Workflow

FLOOR, CEILING = "floor", "ceiling"
TRANSMITTED = "transmitted light"
SHUFFLED = "shuffled partners"
RENOISED = "re-noised truth"


@dataclass(frozen=True, slots=True)
class Level:
    """A floor or a ceiling: what another image in the prediction's place would do.

    Attributes
    ----------
    name : str
        What was measured in place of the prediction.
    role : str
        ``floor`` or ``ceiling``.
    measured : Measurement or None
        None where it was left out.
    left_out : str
        Why; empty where it was measured.
    """

    name: str
    role: str
    measured: Measurement | None
    left_out: str = ""


@dataclass(frozen=True, slots=True)
class Measuring:
    """The same workflow on the truth and whatever stands in the prediction's place.

    Attributes
    ----------
    workflow : Workflow
        What measures.
    truth : Path
        File or folder.
    transmitted : Path or None
        Likewise.
    output : Path
        Gets a folder for each comparison.
    channels : mapping of str to int
        Of ``truth``, ``prediction`` and ``transmitted``.
    options : mapping
        Further ones of :func:`frm_bridge.comparison.compare`.
    """

    workflow: Workflow
    truth: Path
    transmitted: Path | None
    output: Path
    channels: Mapping[str, int]
    options: Mapping[str, Any]

    def prediction(self, prediction: Path) -> Path:
        """Compare the prediction, and write the report."""
        folder = self.output / "comparison"
        compare(
            self.truth,
            prediction,
            self.workflow,
            folder,
            transmitted=self.transmitted,
            channels=self.channels,
            report=write_report,
            **self.options,
        )
        return folder

    def floor(self) -> Path:
        """Compare the transmitted light."""
        if self.transmitted is None:
            raise InputError(
                "E_OPTION", "no transmitted light was given", "give it with --input"
            )
        folder = self.output / FLOOR
        channels = {"truth": self.channels.get("truth")}
        channels["prediction"] = self.channels.get("transmitted")
        self._instead(self._partners(folder / "images"), folder, TRANSMITTED, channels)
        return folder

    def _partners(self, folder: Path) -> Path:
        """Give the transmitted images of the truth alone: there may be more of them."""
        light = Path(str(self.transmitted))
        if not (light.is_dir() and self.truth.is_dir()):
            return light
        stems = {image_stem(path) for path in list_images(self.truth)}
        found = list_images(light)
        own = [path for path in found if image_stem(path) in stems]
        if len(own) == len(found):
            return light
        folder.mkdir(parents=True)
        for path in own:
            shutil.copyfile(path, folder / path.name)
        return folder

    def ceiling(self) -> Path:
        """Compare the truth with itself under one more dose of its own noise."""
        folder = self.output / CEILING
        channel = self.channels.get("truth")
        files = [
            _add_noise(path, channel, folder / "images", seed)
            for seed, path in enumerate(list_images(self.truth))
        ]
        noisy = folder / "images" if self.truth.is_dir() else files[0]
        self._instead(noisy, folder, RENOISED, {"truth": channel})
        return folder

    def _instead(
        self, images: Path, folder: Path, name: str, channels: Mapping[str, int | None]
    ) -> None:
        compare(
            self.truth,
            images,
            self.workflow,
            folder,
            channels={k: v for k, v in channels.items() if v is not None},
            provenance={"in the prediction's place": name},
            **self.options,
        )


def _add_noise(path: Path, channel: int | None, folder: Path, seed: int) -> Path:
    """Write an image with one more dose of its noise, plane by plane."""
    written = folder / f"{image_stem(path)}.tif"
    with open_image(path, channel=channel) as image:
        info = image.info
        with create_image(
            written,
            axes=info.axes,
            shape=info.shape,
            dtype=info.dtype if info.dtype.name in ("uint8", "uint16") else "float32",
            pixel_size_um=info.pixel_size_um,
            z_step_um=info.z_step_um,
            frame_interval_s=info.frame_interval_s,
        ) as writer:
            for number in range(info.plane_count):
                plane = image.read_plane(number)
                if plane.dtype.name not in ("uint8", "uint16"):
                    plane = plane.astype("float32")
                noise = estimate_noise(plane)
                # NB: every plane of every file has a seed of its own.
                noisy = add_noise(plane, noise, seed=seed * 100_003 + number)
                writer.write_window(number, 0, 0, noisy)
    return written


def measure_levels(
    question: Question,
    readouts: Readouts,
    measure: Measuring | None,
    group_by: str | None,
) -> tuple[Level, ...]:
    """Measure the floors and the ceiling; what cannot be measured says why.

    Parameters
    ----------
    question : Question
        What is asked.
    readouts : Readouts
        Of the prediction.
    measure : Measuring or None
        None where an earlier comparison is judged.
    group_by : str or None
        As for :func:`frm_bridge.comparison.readouts.read_readouts`.
    """
    shuffled = (
        Level(SHUFFLED, FLOOR, None, "the fields of another image have other places")
        if question.quantity == "centroid"
        else Level(SHUFFLED, FLOOR, shuffle_partners(question, readouts))
    )
    found = [shuffled]
    for name, role in ((TRANSMITTED, FLOOR), (RENOISED, CEILING)):
        if measure is None:
            why = "an earlier comparison was judged, and nothing was measured again"
            found.append(Level(name, role, None, why))
            continue
        try:
            folder = measure.floor() if role == FLOOR else measure.ceiling()
            others = read_readouts(folder, question, group_by=group_by)
        except FrmError as error:  # said, never silent: the verdict hangs on none
            found.append(Level(name, role, None, f"{error.message}"))
            continue
        changes = measure_changes(question, others)
        measured = summarise_changes(changes, is_counted=others.is_counted)
        found.append(Level(name, role, measured))
    return tuple(found)
