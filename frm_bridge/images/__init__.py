"""Images: one way to open, one way to create."""

from frm_bridge.images.calibration import check_pixel_size, same_pixel_size
from frm_bridge.images.info import ImageInfo
from frm_bridge.images.listing import image_stem, list_images
from frm_bridge.images.planes import check_array
from frm_bridge.images.reading import Image, open_image
from frm_bridge.images.statistics import plane_statistics
from frm_bridge.images.writing import ImageWriter, create_image, write_plane

__all__ = [
    "Image",
    "ImageInfo",
    "ImageWriter",
    "check_array",
    "check_pixel_size",
    "create_image",
    "image_stem",
    "list_images",
    "open_image",
    "plane_statistics",
    "same_pixel_size",
    "write_plane",
]
