import numpy as np
import pytest

from frm_bridge.errors import InputError
from frm_bridge.training.fields import Field, Scale
from frm_bridge.training.patches import (
    NO_AUGMENTATION,
    Augmentation,
    RandomPatches,
    Sampling,
    grid_patches,
    random_patch,
)


def field_of(shape=(128, 160), signal=()) -> Field:
    """Synthetic field whose target is twice its smooth image."""
    y, x = np.mgrid[: shape[0], : shape[1]].astype(np.float32)
    image = np.sin(x / 9) + np.cos(y / 7)
    flat = np.array([row * shape[1] + column for row, column in signal], np.int32)
    return Field("synthetic", image, 2 * image, Scale(0, 1), Scale(0, 1), flat)


@pytest.mark.parametrize(
    "augmentation",
    [NO_AUGMENTATION, Augmentation(), Augmentation(flips=False, zoom=0.2)],
)
def test_input_and_target_stay_aligned_whatever_the_augmentation(augmentation):
    random = np.random.default_rng(0)
    for _ in range(20):
        image, target = random_patch(
            field_of(), Sampling(64, 0.0, augmentation), random
        )
        assert image.shape == target.shape == (64, 64)
        np.testing.assert_allclose(target, 2 * image, atol=1e-5)


def test_turned_patches_have_no_borders():
    field = field_of()
    bright = Field(
        "bright",
        field.image * 0 + 5,
        field.target,
        Scale(0, 1),
        Scale(0, 1),
        field.signal,
    )
    random = np.random.default_rng(1)
    sampling = Sampling(64, 0.0, Augmentation(zoom=0.2))
    for _ in range(40):
        image, _ = random_patch(bright, sampling, random)
        np.testing.assert_allclose(image, 5, rtol=1e-6)


@pytest.mark.parametrize(
    ("turn_step", "turned"),
    [(0, {0}), (90, {0, 90, 180, 270}), (45, set(range(0, 360, 45)))],
)
def test_turns_really_happen_in_the_steps_asked(turn_step, turned):
    random = np.random.default_rng(2)
    sampling = Sampling(32, 0.0, Augmentation(flips=False, turn_step=turn_step))
    y, x = np.mgrid[:128, :160].astype(np.float32)
    ramp = Field("ramp", x, y, Scale(0, 1), Scale(0, 1), np.array([], np.int32))
    angles = set()
    for _ in range(80):
        image, _ = random_patch(ramp, sampling, random)
        down, right = (float(np.diff(image, axis=axis).mean()) for axis in (0, 1))
        angles.add(round(np.degrees(np.arctan2(down, right))) % 360)
    assert angles == turned


def test_a_turn_step_that_would_leave_corners_is_refused():
    with pytest.raises(InputError, match="0, 45 or 90"):
        Augmentation(turn_step=30)


def test_patches_seek_the_signal_as_often_as_asked():
    field = field_of((256, 256), signal=[(200, 30)])
    marked = field.target * 0
    marked[200, 30] = 1
    field = Field("dot", field.image, marked, Scale(0, 1), Scale(0, 1), field.signal)
    random = np.random.default_rng(3)

    def share(fraction):
        sampling = Sampling(32, fraction, NO_AUGMENTATION)
        found = [random_patch(field, sampling, random)[1].any() for _ in range(200)]
        return np.mean(found)

    assert share(1.0) == 1
    assert share(0.0) < 0.1


def test_a_batch_follows_from_seed_and_step_alone():
    def patches(seed=1):
        return RandomPatches([field_of()], Sampling(32), batch_size=2, seed=seed)

    first, again = patches().batch(7), patches().batch(7)
    np.testing.assert_array_equal(first[0], again[0])
    assert first[0].shape == (2, 32, 32, 1)
    assert np.any(first[0] != patches().batch(8)[0])
    assert np.any(first[0] != patches(seed=2).batch(7)[0])
    np.testing.assert_array_equal(next(patches().stream(7))[1], first[1])


def test_large_fields_are_drawn_in_proportion_to_their_area():
    fields = [field_of((64, 64)), field_of((128, 96))]
    patches = RandomPatches(fields, Sampling(32), batch_size=1, seed=0)
    np.testing.assert_allclose(patches.shares, [0.25, 0.75])


def test_validation_patches_do_not_overlap_and_repeat():
    field = field_of((100, 70))
    image, target = grid_patches([field], size=32, most=50, seed=0)
    assert image.shape == (6, 32, 32, 1)
    np.testing.assert_array_equal(image[0, ..., 0], field.image[:32, :32])
    again, _ = grid_patches([field], size=32, most=50, seed=0)
    np.testing.assert_array_equal(image, again)
    assert target.dtype == np.float32


def test_fields_smaller_than_a_patch_are_named():
    with pytest.raises(InputError, match=r"synthetic \(20, 160\)") as caught:
        grid_patches([field_of((20, 160))], size=32, most=1, seed=0)
    assert caught.value.code == "E_PATCH"
