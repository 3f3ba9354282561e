"""Geometry of the windows: properties over random shapes, and literals."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from frm_bridge.errors import InputError
from frm_bridge.prediction.tiling import plan_windows

SIDES = st.integers(1, 900)
NETWORKS = st.sampled_from([(16, 96), (16, 192), (8, 24), (4, 0)])
LIMITS = st.integers(40, 1000)
unhurried = settings(deadline=None)


def _plan(height, width, network, limit):
    stride, halo = network
    return plan_windows(height, width, stride=stride, halo=halo, max_window=limit)


@unhurried
@given(SIDES, SIDES, NETWORKS, LIMITS)
def test_cores_partition_the_image(height, width, network, limit):
    times_covered = np.zeros((height, width), np.uint16)
    for window in _plan(height, width, network, limit).windows:
        times_covered[window.core_in_image] += 1
        assert window.height > 0
        assert window.width > 0
    assert (times_covered == 1).all()


@unhurried
@given(SIDES, SIDES, NETWORKS, LIMITS)
def test_origins_and_shapes_are_multiples_of_the_stride(height, width, network, limit):
    plan = _plan(height, width, network, limit)
    stride = network[0]
    assert plan.window_height % stride == 0
    assert plan.window_width % stride == 0
    for window in plan.windows:
        assert window.origin_y % stride == 0
        assert window.origin_x % stride == 0


@unhurried
@given(SIDES, SIDES, NETWORKS, LIMITS)
def test_every_core_side_has_its_halo_or_is_the_image_border(
    height, width, network, limit
):
    plan = _plan(height, width, network, limit)
    halo = network[1]
    for window in plan.windows:
        top, left = window.y - window.origin_y, window.x - window.origin_x
        bottom = plan.window_height - top - window.height
        right = plan.window_width - left - window.width
        assert top >= halo or window.origin_y == 0
        assert left >= halo or window.origin_x == 0
        assert bottom >= halo or window.y + window.height == height
        assert right >= halo or window.x + window.width == width


@unhurried
@given(SIDES, SIDES, NETWORKS, LIMITS)
def test_windows_leave_the_image_by_less_than_a_stride_and_obey_the_limit(
    height, width, network, limit
):
    plan = _plan(height, width, network, limit)
    stride, halo = network
    smallest = 2 * halo + stride
    for window in plan.windows:
        assert 0 <= window.origin_y <= height + stride - 1 - plan.window_height
        assert 0 <= window.origin_x <= width + stride - 1 - plan.window_width
    assert max(plan.window_height, plan.window_width) <= max(limit, smallest)


@unhurried
@given(SIDES, NETWORKS, LIMITS)
def test_windows_are_as_few_as_the_limit_allows_and_balanced(length, network, limit):
    stride, halo = network
    plan = _plan(length, 1, network, limit)
    count = len(plan.windows)
    if count > 1:
        largest = max(limit // stride * stride, 2 * halo + stride)
        padded = -(-length // stride) * stride
        assert (count - 1) * (largest - 2 * halo) + 2 * halo < padded
        assert plan.window_height - 2 * halo < -(-(padded - 2 * halo) // count) + stride


def test_an_image_that_fits_is_one_window_padded_to_the_stride():
    plan = plan_windows(500, 100, stride=16, halo=96, max_window=512)
    assert (plan.window_height, plan.window_width) == (512, 112)
    assert len(plan.windows) == 1
    assert plan.windows[0].core_in_window == (slice(0, 500), slice(0, 100))


def test_the_last_window_is_shifted_inwards():
    plan = plan_windows(1024, 64, stride=16, halo=96, max_window=512)
    assert [window.origin_y for window in plan.windows] == [0, 288, 544]
    assert [window.y for window in plan.windows] == [0, 384, 672]
    assert plan.window_height == 480


def test_a_large_image_gets_balanced_windows():
    plan = plan_windows(20_000, 64, stride=16, halo=96, max_window=4096)
    assert plan.window_height == 3504
    assert len(plan.windows) == 6


@pytest.mark.parametrize(("asked", "given_"), [(1, 208), (300, 288), (511, 496)])
def test_a_window_is_rounded_down_to_the_stride_but_keeps_a_core(asked, given_):
    plan = plan_windows(5000 * 16, 16, stride=16, halo=96, max_window=asked)
    assert plan.window_height == given_


def test_a_window_below_one_pixel_is_refused():
    with pytest.raises(InputError, match="E_WINDOW"):
        plan_windows(100, 100, stride=16, halo=96, max_window=0)
