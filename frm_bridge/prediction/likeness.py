"""How alike a field is to the fields of a passport, as scores with a limit each.

``novelty`` is the distance to the most alike training field. Of several known drifts
a score tells whether the field is more alike to training fields that have drifted so
than to those as they are: -1 not at all, 1 wholly.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from frm_bridge.models.passport import BANDS_PX

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from frm_bridge.models.passport import FieldMeasures

    Drifts = Mapping[str, NDArray[np.float64]]

BACKGROUND_BANDS = BANDS_PX[:7]
OBJECT_BANDS = BANDS_PX[:8]
# Features of the spectrum come first; drifts are told by these alone.
SPECTRAL = len(BACKGROUND_BANDS) + len(OBJECT_BANDS)
NOVELTY = "novelty"

_REFERENCE_BANDS = BANDS_PX[2:5]
# Shares of clipped pixels below these make no difference.
_EMPTY, _SATURATED = 0.01, 0.001
# One strange feature is to count, but not without bound.
_MOST_SCALES = 8.0
_SMALLEST_SCALE = 0.1
_QUANTILE = 0.8
_ROUNDS = 4


def features(field: FieldMeasures) -> NDArray[np.float64]:
    """Give the numbers that likeness is judged by: gain and offset change none.

    Returns
    -------
    (18,) float64
        Logarithms to base 2: the spectra of background and objects over the noise in
        the middle of the background's, that noise under the plane's sd, and the shares
        of pixels with the lowest and the highest grey level.
    """
    values = field.values
    noise = np.mean([values[f"background_{band:g}"] for band in _REFERENCE_BANDS])
    background = [values[f"background_{band:g}"] - noise for band in BACKGROUND_BANDS]
    objects = [values[f"objects_{band:g}"] - noise for band in OBJECT_BANDS]
    clipped = [
        np.log2(values["empty"] + _EMPTY),
        np.log2(values["saturated"] + _SATURATED),
    ]
    return np.array([*background, *objects, noise - np.log2(values["sd"]), *clipped])


def distances(
    field: NDArray[np.float64],
    others: NDArray[np.float64],
    scales: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Give the distance of a field to each of others, in units of the scales."""
    steps = np.minimum(np.abs(others - field) / scales, _MOST_SCALES)
    length: NDArray[np.float64] = np.sqrt((steps**2).sum(axis=1))
    return length


def scores(
    field: NDArray[np.float64],
    others: NDArray[np.float64],
    scales: NDArray[np.float64],
    drifts: Drifts,
) -> dict[str, float]:
    """Score a field against training fields.

    Parameters
    ----------
    field : (18,) float64
        Features.
    others : (n, 18) float64
        Those of the training fields.
    scales : (18,) float64
        What is a small difference.
    drifts : mapping of str to (18,) float64
        What each drift adds to the features.

    Returns
    -------
    dict of str to float
        ``novelty``, and one score for each drift.
    """
    found = {NOVELTY: float(distances(field, others, scales).min())}
    part = slice(SPECTRAL)
    spectrum, spectra, units = field[part], others[:, part], scales[part]
    plain = distances(spectrum, spectra, units).min()
    for name, shift in drifts.items():
        moved = distances(spectrum, spectra + shift[part], units).min()
        found[name] = float((plain - moved) / max(plain + moved, 1e-9))
    return found


def fit_scales(
    fields: NDArray[np.float64], groups: Sequence[str]
) -> NDArray[np.float64]:
    """Find what is a small difference: that between alike fields of two positions.

    Which fields are alike depends on the scales, so that both are found in turns.
    """
    names = np.array(groups)
    middle = np.median(fields, axis=0)
    scales: NDArray[np.float64] = np.maximum(
        np.median(np.abs(fields - middle), axis=0), _SMALLEST_SCALE
    )
    for _ in range(_ROUNDS):
        steps = []
        for field, name in zip(fields, names, strict=True):
            others = fields[names != name]
            nearest = others[distances(field, others, scales).argmin()]
            steps.append(np.abs(field - nearest))
        scales = np.maximum(np.quantile(steps, _QUANTILE, axis=0), _SMALLEST_SCALE)
    return scales


def largest_scores(
    fields: NDArray[np.float64],
    groups: Sequence[str],
    scales: NDArray[np.float64],
    drifts: Drifts,
) -> dict[str, float]:
    """Judge each field by those of the other positions, and give the largest scores."""
    names = np.array(groups)
    found = [
        scores(field, fields[names != name], scales, drifts)
        for field, name in zip(fields, names, strict=True)
    ]
    return {key: max(each[key] for each in found) for key in found[0]}
