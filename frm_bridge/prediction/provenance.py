"""What a predicted image says of itself, in ImageJ's Image > Show Info."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import frm_bridge
from frm_bridge.prediction.intensity import linear_map
from frm_bridge.prediction.matching import PIXEL_SIZE

if TYPE_CHECKING:
    from frm_bridge.prediction.exact import View
    from frm_bridge.prediction.job import Job
    from frm_bridge.prediction.matching import Matching


def describe(job: Job, *, window: int) -> dict[str, str]:
    """Give the lines for ImageJ's Info.

    Parameters
    ----------
    job : Job
        The transmitted-light image, and as each model sees it.
    window : int
        Largest side of a window, in px.
    """
    lines = {
        "frm_bridge": frm_bridge.__version__,
        "frm_bridge.source": job.source.info.path.name,
        "frm_bridge.algorithm": job.algorithm,
        "frm_bridge.window_px": str(window),
    }
    if job.matching.pixel_size_um is not None:
        lines["frm_bridge.given_pixel_size_um"] = f"{job.matching.pixel_size_um:g}"
    for number, view in enumerate(job.views, start=1):
        prefix = "frm_bridge.model" + (f".{number}" if len(job.views) > 1 else "")
        facts = [*_model(view), *_matched(view, job.matching)]
        lines |= {f"{prefix}{key}": text for key, text in facts}
    return lines


def _model(view: View) -> list[tuple[str, str]]:
    model, card = view.model, view.model.card
    kind = card.normalisation.input.kind
    scales = list(dict.fromkeys(view.scales)) if kind == "global" else view.scales
    output = card.normalisation.output
    return [
        ("", card.name),
        (".sha256", model.sha256),
        (".marker", card.marker),
        (".provider", f"{model.provider} {model.precision}"),
        (".stride_px", str(card.stride)),
        (".halo_px", str(card.halo)),
        (".margin_px", f"{card.margin} (nearer to the border the context is cut off)"),
        (".input_normalisation", kind),
        (".input_mean_sd", json.dumps(scales)),
        (".output_mean_sd", json.dumps([output.mean, output.sd])),
        (".output_unit", output.unit),
    ]


def _matched(view: View, matching: Matching) -> list[tuple[str, str]]:
    """Say what was done to the image for this model, where anything was asked for."""
    facts = []
    if matching.scale is not None:
        size, um = view.source.info, view.model.card.pixel_size_um
        known = "unknown" if um is None else f"{um:g}"
        facts += [
            (".scale", f"{view.factor:.10g}"),
            (".scale_from", "pixel sizes" if matching.scale == PIXEL_SIZE else "given"),
            (".pixel_size_um", known),
            (".input_px", f"{size.height} x {size.width} (resampled)"),
        ]
        if view.grain:
            facts.append((".grain_sd", json.dumps([round(sd, 6) for sd in view.grain])))
        if view.factor == 1:
            facts[-1] = (".input_px", f"{size.height} x {size.width} (as it is)")
    if view.is_intensity_matched:
        trained = view.model.card.normalisation.input
        maps = [linear_map(own, trained) for own in dict.fromkeys(view.scales)]
        facts += [
            (".intensity_from", matching.intensity_source),
            (".intensity_gain_offset", json.dumps(maps)),
        ]
    return facts
