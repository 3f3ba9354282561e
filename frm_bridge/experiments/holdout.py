"""How a model does on fields that it has never seen, in its own card."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from frm_bridge.comparison import ObjectComparison, compare
from frm_bridge.comparison.pixels import pearson
from frm_bridge.errors import InputError
from frm_bridge.imagej import Workflow, find_workflow
from frm_bridge.images import open_image, write_plane
from frm_bridge.models.card import read_card, write_card
from frm_bridge.outputs import make_folder
from frm_bridge.prediction.engine import predict_file
from frm_bridge.prediction.runtime import open_model

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from frm_bridge.images import Image
    from frm_bridge.training.pairs import Pair

    Progress = Callable[[int, int], None]


def score_pcc(
    model: Path,
    pairs: Sequence[Pair],
    folder: Path,
    *,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> list[dict[str, Any]]:
    """Predict the test pairs and correlate each with its target.

    Parameters
    ----------
    model : Path
        An ``.onnx`` file with a card; the scores are added to it.
    pairs : sequence of Pair
        Those whose split is ``test`` count.
    folder : Path
        Gets the predictions.
    overwrite : bool
        Replace earlier ones.
    progress : callable (done, total), optional
        Counted in fields.

    Returns
    -------
    list of dict
        ``name`` and ``pcc`` of each field: over all its pixels, None where one side is
        constant.
    """
    tests = [pair for pair in pairs if pair.split == "test"]
    scores: list[dict[str, Any]] = []
    with open_model(model) as loaded:
        for done, pair in enumerate(tests, start=1):
            output = make_folder(folder) / f"{pair.input.stem}.tif"
            predict_file(
                pair.input,
                [loaded],
                output,
                channel=pair.input_channel,
                overwrite=overwrite,
                force=True,  # a score is wanted of strange fields, too
            )
            scores += _plane_scores(pair, output)
            if progress:
                progress(done, len(tests))
    _add_to_card(model, {"fields": scores})
    return scores


def score_workflow(
    model: Path,
    pairs: Sequence[Pair],
    folder: Path,
    *,
    workflow: Workflow | str = "nuclei",
    overwrite: bool = False,
    progress: Progress | None = None,
) -> ObjectComparison:
    """Predict the test pairs and compare them with their targets by a workflow.

    Parameters
    ----------
    model : Path
        An ``.onnx`` file with a card; the scores are added to it.
    pairs : sequence of Pair
        Those whose split is ``test`` count; single planes.
    folder : Path
        Gets ``predictions``, ``truth`` and ``comparison``.
    workflow : Workflow or str
        What is asked of truth and prediction alike.
    overwrite : bool
        Replace earlier results.
    progress : callable (done, total), optional
        Counted in workflow runs.

    Returns
    -------
    ObjectComparison
        Of all test fields.
    """
    tests = [pair for pair in pairs if pair.split == "test"]
    score_pcc(model, tests, folder / "predictions", overwrite=overwrite)
    for pair in tests:
        # Under one name, so that folders match by stem.
        name = f"{pair.input.stem}.tif"
        with pair.open_input() as image, pair.open_target() as target:
            _copy_plane(image, folder / "input" / name, overwrite)
            _copy_plane(target, folder / "target" / name, overwrite)
    chosen = find_workflow(workflow) if isinstance(workflow, str) else workflow
    result = compare(
        folder / "target",
        folder / "predictions",
        chosen,
        folder / "comparison",
        transmitted=folder / "input",
        card=read_card(model),
        overwrite=overwrite,
        progress=progress,
    )
    if not isinstance(result, ObjectComparison):
        raise InputError(
            "E_OPTION",
            f"the workflow {chosen.name} finds no objects to score a model by",
            "choose nuclei or junctions",
        )
    _add_to_card(
        model,
        {
            "workflow": chosen.name,
            "parameters": dict(chosen.parameters),
            "fields": [_field_scores(field) for field in result.fields],
        },
    )
    return result


def _plane_scores(pair: Pair, output: Path) -> list[dict[str, Any]]:
    with pair.open_target() as target, open_image(output) as predicted:
        count = target.info.plane_count
        return [
            {
                "name": pair.input.stem + (f"[{plane}]" if count > 1 else ""),
                "pcc": pearson(target.read_plane(plane), predicted.read_plane(plane)),
            }
            for plane in range(count)
        ]


def _field_scores(field: Any) -> dict[str, Any]:
    objects = field.objects
    return {
        "name": field.field.name,
        "pcc": field.pixels.pcc,
        "truth_count": objects.truth_count,
        "predicted_count": objects.predicted_count,
        "count_error_percent": objects.count_error_percent,
        "precision": objects.precision,
        "recall": objects.recall,
        "f1": objects.f1,
        "area_bias_percent": objects.area_bias_percent,
        "displacement_px": objects.displacement_px.mean,
    }


def _copy_plane(image: Image, output: Path, overwrite: bool) -> None:
    size = image.info.pixel_size_um
    write_plane(output, image.read_plane(), pixel_size_um=size, overwrite=overwrite)


def _add_to_card(model: Path, scores: dict[str, Any]) -> None:
    card = read_card(model)
    if card is not None:
        evaluation = {**card.evaluation, **scores}
        write_card(model, dataclasses.replace(card, evaluation=evaluation))
