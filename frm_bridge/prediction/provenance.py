"""What a predicted image says of itself, in ImageJ's Image > Show Info."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import frm_bridge

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from frm_bridge.prediction.loaded import LoadedModel


def describe(
    source: Path,
    models: Sequence[LoadedModel],
    statistics: Sequence[tuple[float, float]],
    *,
    algorithm: str,
    window: int,
) -> dict[str, str]:
    """Give the lines for ImageJ's Info.

    Parameters
    ----------
    source : Path
        The transmitted-light image.
    models : sequence of LoadedModel
        One for each channel of the output.
    statistics : sequence of (mean, sd)
        Of each plane of the input.
    algorithm : {"exact", "paper"}
        How windows were joined.
    window : int
        Largest side of a window, in px.
    """
    lines = {
        "frm_bridge": frm_bridge.__version__,
        "frm_bridge.source": source.name,
        "frm_bridge.algorithm": algorithm,
        "frm_bridge.window_px": str(window),
    }
    for number, model in enumerate(models, start=1):
        prefix = "frm_bridge.model" + (f".{number}" if len(models) > 1 else "")
        lines |= {f"{prefix}{key}": text for key, text in _model(model, statistics)}
    return lines


def _model(
    model: LoadedModel, statistics: Sequence[tuple[float, float]]
) -> list[tuple[str, str]]:
    card = model.card
    scales = [card.normalisation.input.statistics(*own) for own in statistics]
    if card.normalisation.input.kind == "global":
        scales = scales[:1]  # the same for each plane
    output = card.normalisation.output
    return [
        ("", card.name),
        (".sha256", model.sha256),
        (".marker", card.marker),
        (".provider", f"{model.provider} {model.precision}"),
        (".stride_px", str(card.stride)),
        (".halo_px", str(card.halo)),
        (".margin_px", f"{card.margin} (nearer to the border the context is cut off)"),
        (".input_normalisation", card.normalisation.input.kind),
        (".input_mean_sd", json.dumps(scales)),
        (".output_mean_sd", json.dumps([output.mean, output.sd])),
        (".output_unit", output.unit),
    ]
