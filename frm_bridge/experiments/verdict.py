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

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from frm_bridge.comparison import DEFAULT_MIN_IOU
from frm_bridge.comparison.question import Question, read_question
from frm_bridge.comparison.readouts import read_readouts, read_record
from frm_bridge.comparison.verdict import Judgement, judge
from frm_bridge.errors import InputError
from frm_bridge.experiments.levels import SHUFFLED, Level, Measuring, measure_levels
from frm_bridge.experiments.verdictfolder import fresh_verdict
from frm_bridge.experiments.verdictrecord import write_record
from frm_bridge.imagej import Workflow, find_workflow
from frm_bridge.images import image_stem, list_images
from frm_bridge.reporting.verdictpage import write_verdict_page
from frm_bridge.training.pairs import group_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


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
            measure = Measuring(
                _find(workflow, asked), images, light, output, channels or {}, options
            )
            folder = measure.prediction(predicted)
        readouts = read_readouts(folder, asked, group_by=group_by)
        judgement = judge(asked, readouts)
        levels = measure_levels(asked, readouts, measure, group_by)
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
        group_of(image_stem(path), group_by)


def _find(workflow: Workflow | str | Path | None, question: Question) -> Workflow:
    if isinstance(workflow, Workflow):
        return workflow
    return find_workflow(question.workflow if workflow is None else workflow)


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
