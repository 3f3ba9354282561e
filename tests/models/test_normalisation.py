"""Grey levels in and out: which statistics, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest

from frm_bridge.errors import InputError
from frm_bridge.models.normalisation import (
    InputNormalisation,
    OutputNormalisation,
    normalise,
)


def test_global_statistics_are_the_trainings_whatever_the_plane():
    assert InputNormalisation("global", 100.0, 7.0).statistics(3.0, 4.0) == (100.0, 7.0)


def test_field_statistics_are_the_planes_own():
    assert InputNormalisation("field").statistics(3.0, 4.0) == (3.0, 4.0)


@pytest.mark.parametrize(
    "given",
    [
        ("global",),
        ("global", 1.0),
        ("global", None, 1.0),
        ("global", 1.0, 0.0),
        ("global", 1.0, -2.0),
        ("global", 1.0, float("nan")),
        ("global", 1.0, float("inf")),
        ("global", float("nan"), 1.0),
        ("global", float("inf"), 1.0),
        ("field", 1.0, 2.0),
        ("field", 1.0),
        ("image",),
    ],
)
def test_unusable_input_statistics_are_refused(given):
    with pytest.raises(InputError) as caught:
        InputNormalisation(*given)
    assert caught.value.code == "E_NORMALISATION"


@pytest.mark.parametrize(
    "given",
    [
        (0.0, 0.0, "counts"),
        (0.0, -1.0, "counts"),
        (float("nan"), 1.0, "counts"),
        (0.0, float("inf"), "relative"),
        (0.0, 1.0, "photons"),
    ],
)
def test_unusable_output_statistics_are_refused(given):
    with pytest.raises(InputError) as caught:
        OutputNormalisation(*given)
    assert caught.value.code == "E_NORMALISATION"


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "int16", "float32", "float64"])
def test_normalised_pixels_are_float32_and_the_input_stays(dtype):
    pixels = np.array([[10, 20], [30, 120]], dtype)
    kept = pixels.copy()
    scaled = normalise(pixels, 20.0, 10.0)
    assert scaled.dtype == np.float32
    assert scaled.tolist() == [[-1, 0], [1, 10]]
    assert (pixels == kept).all()


def test_a_small_contrast_on_a_high_offset_is_kept():
    field = np.random.default_rng(0).random((20, 30))
    offset = 2.0**24
    seen = normalise(field + offset, float(field.mean() + offset), float(field.std()))
    np.testing.assert_allclose(seen, (field - field.mean()) / field.std(), atol=1e-5)
    assert seen.dtype == np.float32
