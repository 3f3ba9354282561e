"""One map of grey levels for several images."""

import numpy as np
import pytest
import tifffile

from frm_bridge.errors import InputError
from frm_bridge.images import write_plane
from frm_bridge.images.resampling import resample
from frm_bridge.prediction.intensity import read_map
from frm_bridge.prediction.mapping import map_intensity
from frm_bridge.prediction.matching import Matching


@pytest.fixture
def session(tmp_path, make_pixels):
    """Three images of unlike size and level; one is a stack."""
    shapes = [(40, 50), (3, 30, 20), (64, 64)]
    planes = [make_pixels(*shape, seed=n) // (n + 1) for n, shape in enumerate(shapes)]
    paths = [tmp_path / f"{n}.tif" for n in range(3)]
    for path, pixels in zip(paths, planes, strict=True):
        tifffile.imwrite(path, pixels, imagej=True)
    return paths, np.concatenate([pixels.ravel() for pixels in planes])


def test_the_mean_and_sd_are_those_of_all_pixels_together(session, make_card, tmp_path):
    paths, pixels = session
    steps = []
    made = map_intensity(paths, make_card(), progress=lambda *step: steps.append(step))
    assert (made.mean, made.sd) == pytest.approx((pixels.mean(), pixels.std()))
    assert (made.scale, made.model) == (1.0, "random")
    assert made.images == ("0.tif", "1.tif", "2.tif")
    assert steps == [(1, 3), (2, 3), (3, 3)]
    made.save(tmp_path / "session.json")
    again = read_map(tmp_path / "session.json")
    assert (again.mean, again.sd, again.images) == (made.mean, made.sd, made.images)
    assert again.name == "session.json"


def test_planes_are_measured_at_the_models_scale(tmp_path, make_card):
    noise = np.random.default_rng(0).normal(100, 10, (64, 64)).astype(np.float32)
    write_plane(tmp_path / "a.tif", noise, pixel_size_um=0.5)
    how = Matching(scale="pixel size", grain=False)
    made = map_intensity(
        [tmp_path / "a.tif"], make_card(pixel_size_um=1.0), matching=how
    )
    assert made.scale == 0.5
    assert made.sd == pytest.approx(float(resample(noise, (32, 32)).std()), rel=1e-4)
    write_plane(tmp_path / "b.tif", noise, pixel_size_um=0.6)
    both = [tmp_path / "a.tif", tmp_path / "b.tif"]
    with pytest.raises(InputError, match=r"E_SCALE a\.tif .* b\.tif by 0\.6"):
        map_intensity(both, make_card(pixel_size_um=1.0), matching=how)
