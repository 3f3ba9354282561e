"""Arrays that are planes of grey levels, and those that are not."""

import numpy as np
import pytest

from frm_bridge.errors import InputError
from frm_bridge.images import check_array


@pytest.mark.parametrize(
    ("shape", "stacks", "code"),
    [
        ((2, 40, 40), False, "E_IMAGE_SIZES"),
        ((2, 2, 40, 40), True, "E_IMAGE_SIZES"),
        ((0, 40, 40), True, "E_IMAGE_SIZES"),
        ((40,), True, "E_IMAGE_SIZES"),
        ((2, 15, 40), True, "E_IMAGE_SMALL"),
        ((40, 15), False, "E_IMAGE_SMALL"),
    ],
)
def test_arrays_that_are_no_planes_are_refused(shape, stacks, code):
    with pytest.raises(InputError) as caught:
        check_array(np.zeros(shape), stacks=stacks)
    assert caught.value.code == code


@pytest.mark.parametrize("dtype", [bool, complex, str])
def test_pixels_that_are_no_real_numbers_are_refused(dtype):
    with pytest.raises(InputError) as caught:
        check_array(np.zeros((40, 40), dtype))
    assert caught.value.code == "E_IMAGE_DTYPE"
