"""Is a prediction fit for a question? The whole of it: measured, judged, placed.

``verdict`` writes into its output folder::

    comparison/      the workflow on truth and prediction, with its report
    floor/           ... on truth and transmitted light
    ceiling/         ... on truth and the truth with its own noise added once more
    fields.csv       what was measured, field by field
    verdict.json     the answer with all its numbers
    verdict.html     the same as a page
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from frm_bridge.comparison import DEFAULT_MIN_IOU, compare
from frm_bridge.comparison.question import Question, read_question
from frm_bridge.comparison.readouts import read_readouts, read_record
from frm_bridge.comparison.verdict import (
    Judgement,
    Measurement,
    judge,
    measure_changes,
    shuffle_partners,
    summarise_changes,
)
from frm_bridge.errors import FrmError, InputError
from frm_bridge.experiments.verdictfolder import fresh_verdict
from frm_bridge.experiments.verdictrecord import write_record
from frm_bridge.imagej import Workflow, find_workflow
from frm_bridge.images import create_image, list_images, open_image
from frm_bridge.images.noise import add_noise, estimate_noise
from frm_bridge.reporting import write_report
from frm_bridge.reporting.verdictpage import write_verdict_page
from frm_bridge.training.pairs import group_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from frm_bridge.comparison.readouts import Readouts

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
class Verdict:
    """An answer, what it rests on, and where the files are.

    Attributes
    ----------
    question : Question
        What was asked.
    judgement : Judgement
        The answer with its numbers.
    levels : tuple of Level
        Floors and ceiling.
    comparison : Path
        The folder of the comparison that was judged.
    output : Path
        The folder with ``verdict.json`` and ``verdict.html``.
    warnings : tuple of str
        What the reader must know.
    """

    question: Question
    judgement: Judgement
    levels: tuple[Level, ...]
    comparison: Path
    output: Path
    warnings: tuple[str, ...]

    @property
    def answer(self) -> str:
        """``fit``, ``not fit`` or ``cannot tell``."""
        return self.judgement.answer

    def sentence(self) -> str:
        """Say the verdict, and why."""
        return f"verdict: {self.answer} - {self.judgement.because}"


def verdict(
    question: str | Question,
    output: str | Path,
    *,
    truth: str | Path | None = None,
    prediction: str | Path | None = None,
    comparison: str | Path | None = None,
    workflow: Workflow | str | Path | None = None,
    transmitted: str | Path | None = None,
    channels: Mapping[str, int] | None = None,
    group_by: str | None = None,
    min_iou: float = DEFAULT_MIN_IOU,
    match_distance_px: float | None = None,
    pixel_size_um: float | None = None,
    fiji: Path | None = None,
    jobs: int = 1,
    time_limit_s: float | None = None,
    overwrite: bool = False,
    progress: Callable[[int, int], None] | None = None,
    while_waiting: Callable[[], None] | None = None,
) -> Verdict:
    """Say whether a prediction is fit for a question.

    Parameters
    ----------
    question : str or Question
        ``count nuclei within 5 %``; see
        :func:`frm_bridge.comparison.question.read_question`.
    output : str or Path
        Folder for the results.
    truth, prediction : str or Path, optional
        As for :func:`frm_bridge.compare`.
    comparison : str or Path, optional
        In their place, the folder of an earlier comparison: nothing is measured again,
        and floor and ceiling that need it are left out.
    workflow : Workflow, str or Path, optional
        What measures, or the path of your own macro; by default the shipped workflow
        that the question is about.
    transmitted : str or Path, optional
        The input images: measured like a prediction, they are the floor.
    channels, min_iou, match_distance_px, pixel_size_um, fiji, jobs, time_limit_s
        As for :func:`frm_bridge.compare`.
    group_by : str, optional
        Regular expression: its first parenthesis in a file's stem is the position or
        well, of which all images are one independent field. By default the stem up to
        its first time, z, channel or tile number.
    overwrite : bool
        Replace an earlier verdict in ``output``.
    progress, while_waiting
        As for :func:`frm_bridge.compare`; once for each of the comparisons.

    Returns
    -------
    Verdict
        ``cannot tell`` of fewer than three independent fields.

    Raises
    ------
    InputError
        ``E_QUESTION``, ``E_GROUP_BY``, ``E_OPTION``, and those of a comparison.
    OutputError
        ``E_OUTPUT_EXISTS`` and its kin.
    """
    asked = read_question(question) if isinstance(question, str) else question
    output = Path(output)
    folders = [None if f is None else Path(f) for f in (truth, prediction, comparison)]
    images, predicted, earlier = folders
    light = None if transmitted is None else Path(transmitted)
    _check_sources(images, predicted, earlier, group_by)
    options = {
        "min_iou": min_iou,
        "match_distance_px": match_distance_px,
        "pixel_size_um": pixel_size_um,
        "fiji": fiji,
        "jobs": jobs,
        "time_limit_s": time_limit_s,
        "progress": progress,
        "while_waiting": while_waiting,
    }
    sources = [path for path in (*folders, light) if path is not None]
    with fresh_verdict(output, sources, overwrite=overwrite):
        if images is None or predicted is None:
            folder, measure = Path(str(earlier)), None
        else:
            measure = _Measuring(
                _find(workflow, asked), images, light, output, channels or {}, options
            )
            folder = measure.prediction(predicted)
        readouts = read_readouts(folder, asked, group_by=group_by)
        judgement = judge(asked, readouts)
        levels = _levels(asked, readouts, measure, group_by)
        record = read_record(folder)
        result = Verdict(
            asked,
            judgement,
            levels,
            folder,
            output,
            (*judgement.notes, *_placing(judgement, levels), *record["warnings"]),
        )
        write_record(result, record)
        write_verdict_page(output)
    return result


def _check_sources(
    truth: Path | None,
    prediction: Path | None,
    comparison: Path | None,
    group_by: str | None,
) -> None:
    """Refuse what cannot be judged before anything is measured."""
    if (truth is None) != (prediction is None) or (truth is None) == (
        comparison is None
    ):
        raise InputError(
            "E_OPTION",
            "a verdict is on a truth and its prediction, or on an earlier comparison",
            "give both --truth and --prediction, or --comparison alone",
        )
    for path in [] if truth is None else list_images(truth):
        group_of(path.stem.removesuffix(".ome"), group_by)


def _find(workflow: Workflow | str | Path | None, question: Question) -> Workflow:
    if isinstance(workflow, Workflow):
        return workflow
    return find_workflow(question.workflow if workflow is None else workflow)


@dataclass(frozen=True, slots=True)
class _Measuring:
    """The same workflow on the truth and whatever stands in the prediction's place."""

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
        stems = {_stem(path) for path in list_images(self.truth)}
        found = list_images(light)
        own = [path for path in found if _stem(path) in stems]
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


def _stem(path: Path) -> str:
    return path.stem.removesuffix(".ome")


def _add_noise(path: Path, channel: int | None, folder: Path, seed: int) -> Path:
    """Write an image with one more dose of its noise, plane by plane."""
    written = folder / f"{_stem(path)}.tif"
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


def _levels(
    question: Question,
    readouts: Readouts,
    measure: _Measuring | None,
    group_by: str | None,
) -> tuple[Level, ...]:
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


def _placing(judgement: Judgement, levels: tuple[Level, ...]) -> list[str]:
    """Warn of a prediction that does no better than one of another field would."""
    typical = judgement.measured.typical
    return [
        f"a field is no nearer to its own truth than {level.name} are: the mean may be "
        "right, and the fields are not told apart"
        for level in levels
        if level.name == SHUFFLED
        and level.measured is not None
        and level.measured.typical is not None
        and typical is not None
        and typical >= level.measured.typical
    ]
