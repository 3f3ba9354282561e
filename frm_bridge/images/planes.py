"""Arrays that a program brings: whether they are planes of grey levels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from frm_bridge.errors import InputError
from frm_bridge.images.info import SMALLEST_SIDE

if TYPE_CHECKING:
    from numpy.typing import NDArray


def check_array(image: NDArray[Any], *, stacks: bool = False) -> None:
    """Refuse what is no plane, or no stack of planes, of real pixels.

    Raises
    ------
    InputError
        ``E_IMAGE_SMALL``, ``E_IMAGE_SIZES``, ``E_IMAGE_DTYPE``.
    """
    is_shaped = image.ndim == 2 or (stacks and image.ndim == 3 and len(image) > 0)
    if not is_shaped or min(image.shape[-2:]) < SMALLEST_SIDE:
        wanted = "(height, width)" + (" or (planes, height, width)" if stacks else "")
        raise InputError(
            "E_IMAGE_SMALL" if is_shaped else "E_IMAGE_SIZES",
            f"the array has the shape {image.shape}; expected {wanted} with at "
            f"least {SMALLEST_SIDE} px on each side",
            "give one channel at a time"
            if stacks
            else "give one plane at a time; predict_file takes stacks",
        )
    if image.dtype.kind not in "uif":
        raise InputError(
            "E_IMAGE_DTYPE",
            f"the array holds {image.dtype}; expected integers or floating point",
            "convert the pixels first",
        )
