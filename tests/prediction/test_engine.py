"""Files in, files out: axes, units, provenance, errors, nothing half-written."""

import threading
from pathlib import Path

import numpy as np
import pytest
import tifffile

from frm_bridge.errors import EnvironmentProblem, FrmError, InputError
from frm_bridge.images import ImageWriter, open_image
from frm_bridge.models.card import file_sha256
from frm_bridge.models.normalisation import (
    InputNormalisation,
    Normalisation,
    OutputNormalisation,
)
from frm_bridge.prediction import LoadedModel, open_model, predict_file, predict_image


def _noise(*shape):
    random = np.random.default_rng(len(shape))
    return random.integers(0, 4096, shape, np.uint16)


@pytest.fixture(scope="module")
def cpu(one_stack):
    with open_model(one_stack, device="cpu") as model:
        yield model


@pytest.fixture(scope="module")
def cpu_relative(relative):
    with open_model(relative, device="cpu") as model:
        yield model


@pytest.fixture
def stack(tmp_path) -> Path:
    """Two frames, two slices, calibrated."""
    pixels = _noise(2, 2, 100, 90)
    path = tmp_path / "stack.tif"
    metadata = {"axes": "TZYX", "unit": "micron", "finterval": 30.0, "spacing": 2.0}
    tifffile.imwrite(
        path, pixels, imagej=True, resolution=(2.0, 2.0), metadata=metadata
    )
    return path


@pytest.fixture
def field(tmp_path) -> Path:
    path = tmp_path / "field.tif"
    tifffile.imwrite(path, _noise(300, 410))
    return path


@pytest.fixture
def narrow(tmp_path) -> Path:
    path = tmp_path / "narrow.tif"
    tifffile.imwrite(path, _noise(450, 100))
    return path


def _as_written(pixels, model):
    return np.clip(np.rint(predict_image(pixels, model)), 0, 65535)


def _planes(path):
    with open_image(path) as image:
        planes = range(image.info.plane_count)
        return image.info, [image.read_plane(plane) for plane in planes]


def test_a_stack_is_predicted_plane_by_plane_with_its_axes_and_scales(
    stack, cpu, tmp_path
):
    predict_file(stack, [cpu], tmp_path / "out.tif")
    before, pixels = _planes(stack)
    after, predictions = _planes(tmp_path / "out.tif")
    assert (
        (after.axes, after.shape)
        == (before.axes, before.shape)
        == (
            "TZYX",
            (2, 2, 100, 90),
        )
    )
    assert after.pixel_size_um == pytest.approx(0.5)
    assert after.frame_interval_s == 30.0
    assert after.z_step_um == 2.0
    for plane, prediction in zip(pixels, predictions, strict=True):
        np.testing.assert_array_equal(prediction, _as_written(plane, cpu))


def test_a_stack_with_channels_keeps_their_order(tmp_path, cpu):
    pixels = _noise(2, 3, 32, 48)
    path = tmp_path / "channels.tif"
    tifffile.imwrite(path, pixels, imagej=True, metadata={"axes": "TCYX"})
    predict_file(path, [cpu], tmp_path / "out.tif")
    info, predictions = _planes(tmp_path / "out.tif")
    assert (info.axes, info.shape) == ("TCYX", (2, 3, 32, 48))
    for plane, prediction in zip(pixels.reshape(6, 32, 48), predictions, strict=True):
        np.testing.assert_array_equal(prediction, _as_written(plane, cpu))


def test_several_models_make_one_image_with_a_channel_for_each(
    stack, cpu, cpu_relative, tmp_path
):
    report = predict_file(stack, [cpu, cpu_relative], tmp_path / "out.tif")
    info, predictions = _planes(tmp_path / "out.tif")
    assert (info.axes, info.shape) == ("TZCYX", (2, 2, 2, 100, 90))
    assert info.channel_names == ("nuclei", "actin")
    assert (report.unit, report.dtype, info.dtype) == ("mixed", "float32", np.float32)
    assert report.model_names == ("random", "relative")
    counts, relative = predictions[2], predictions[3]  # frame 0, slice 1
    np.testing.assert_allclose(relative * 100 + 1000, counts, atol=1e-2)
    np.testing.assert_array_equal(counts, predict_image(_planes(stack)[1][1], cpu))


def test_several_models_and_several_channels_are_refused(tmp_path, cpu):
    path = tmp_path / "channels.tif"
    pixels = _noise(2, 32, 48)
    tifffile.imwrite(path, pixels, imagej=True, metadata={"axes": "CYX"})
    with pytest.raises(InputError, match="E_CHANNELS"):
        predict_file(path, [cpu, cpu], tmp_path / "out.tif")


def test_the_same_marker_twice_is_named_with_its_model(field, cpu, tmp_path):
    predict_file(field, [cpu, cpu], tmp_path / "out.tif")
    info, _ = _planes(tmp_path / "out.tif")
    assert info.channel_names == ("nuclei (random)", "nuclei (random)")


def test_counts_are_rounded_and_clipped_to_uint16(field, make_model, tmp_path):
    scale = OutputNormalisation(30_000.0, 60_000.0, "counts")
    model = make_model(normalisation=Normalisation(InputNormalisation("field"), scale))
    predict_file(field, [model], tmp_path / "out.tif", device="cpu")
    (pixels,) = _planes(field)[1]
    raw = predict_image(pixels, model, device="cpu")
    assert raw.min() < 0
    assert raw.max() > 65535
    (written,) = _planes(tmp_path / "out.tif")[1]
    assert written.dtype == np.uint16
    np.testing.assert_array_equal(written, np.clip(np.rint(raw), 0, 65535))


def test_counts_can_be_written_as_float32_without_rounding(field, cpu, tmp_path):
    predict_file(field, [cpu], tmp_path / "out.tif", dtype="float32")
    (written,) = _planes(tmp_path / "out.tif")[1]
    (pixels,) = _planes(field)[1]
    np.testing.assert_array_equal(written, predict_image(pixels, cpu))


def test_relative_predictions_are_float32_and_never_uint16(
    field, cpu_relative, tmp_path
):
    report = predict_file(field, [cpu_relative], tmp_path / "out.tif")
    assert (report.dtype, report.unit) == ("float32", "relative")
    with pytest.raises(InputError, match="E_OUTPUT_DTYPE"):
        predict_file(field, [cpu_relative], tmp_path / "other.tif", dtype="uint16")
    assert not (tmp_path / "other.tif").exists()


def test_a_global_normalisation_uses_the_cards_statistics(field, make_model):
    output = OutputNormalisation(1000.0, 100.0, "counts")
    (pixels,) = _planes(field)[1]
    own = InputNormalisation("global", float(pixels.mean()), float(pixels.std()))
    other = InputNormalisation("global", 500.0, 2000.0)
    expected = predict_image(pixels, make_model(), device="cpu")
    for scale, same in ((own, True), (other, False)):
        model = make_model(normalisation=Normalisation(scale, output))
        predicted = predict_image(pixels, model, device="cpu")
        assert np.allclose(predicted, expected, atol=1e-2) == same


def test_the_files_info_says_how_it_was_made(field, cpu, tmp_path):
    report = predict_file(field, [cpu], tmp_path / "out.tif", window=256)
    info, _ = _planes(tmp_path / "out.tif")
    about = info.properties
    (pixels,) = _planes(field)[1]
    assert about["frm_bridge.model"] == "random"
    assert about["frm_bridge.model.sha256"] == file_sha256(cpu.path)
    assert about["frm_bridge.model.provider"] == "CPUExecutionProvider float32"
    assert about["frm_bridge.model.margin_px"].startswith("94 ")
    assert about["frm_bridge.model.halo_px"] == "96"
    assert about["frm_bridge.window_px"] == str(report.window) == "256"
    assert about["frm_bridge.model.input_normalisation"] == "field"
    assert f"{pixels.mean():.6f}"[:8] in about["frm_bridge.model.input_mean_sd"]
    assert about["frm_bridge.algorithm"] == "exact"
    assert report.model_sha256 == (cpu.sha256,)
    assert report.provider == "CPUExecutionProvider"


def test_progress_counts_every_window_to_the_end(stack, cpu, tmp_path):
    steps = []
    report = predict_file(
        stack,
        [cpu],
        tmp_path / "out.tif",
        progress=lambda done, total: steps.append((done, total)),
    )
    assert steps == [(n, 4) for n in range(1, 5)]
    assert report.windows == 4


def test_another_pixel_size_than_in_training_is_a_warning(stack, make_model, tmp_path):
    model = make_model(pixel_size_um=0.25)
    report = predict_file(stack, [model], tmp_path / "out.tif", device="cpu")
    assert any("0.25 um" in warning for warning in report.warnings)


@pytest.mark.parametrize(
    ("pixels", "code"),
    [
        (np.full((64, 64), 7, np.uint16), "E_IMAGE_CONSTANT"),
        (np.full((64, 64), np.nan, np.float32), "E_IMAGE_NOT_FINITE"),
        (np.ones((8, 64), np.uint16), "E_IMAGE_SMALL"),
        (np.ones((3, 64, 64), np.uint16), "E_IMAGE_SIZES"),
        (np.ones((64, 64), np.complex64), "E_IMAGE_DTYPE"),
    ],
)
def test_an_unusable_array_is_refused(pixels, code, cpu):
    with pytest.raises(FrmError, match=code):
        predict_image(pixels, cpu)


def test_a_bad_last_plane_is_found_before_the_first_window_runs(tmp_path, cpu):
    pixels = _noise(3, 64, 64).astype(np.float32)
    pixels[2, 5, 6] = np.inf
    path = tmp_path / "bad.tif"
    tifffile.imwrite(path, pixels, imagej=True, metadata={"axes": "TYX"})
    steps = []
    with pytest.raises(InputError, match="E_IMAGE_NOT_FINITE"):
        predict_file(
            path, [cpu], tmp_path / "out.tif", progress=lambda *step: steps.append(step)
        )
    assert not steps
    assert sorted(tmp_path.iterdir()) == [path]


def test_an_existing_output_needs_overwrite(field, cpu, tmp_path):
    output = tmp_path / "out.tif"
    output.write_text("precious")
    with pytest.raises(FrmError, match="E_OUTPUT_EXISTS"):
        predict_file(field, [tmp_path / "opened later.onnx"], output)
    assert output.read_text() == "precious"
    predict_file(field, [cpu], output, overwrite=True)
    assert _planes(output)[0].shape == (300, 410)


def test_a_window_without_a_core_is_told(field, cpu, tmp_path):
    report = predict_file(field, [cpu], tmp_path / "out.tif", window=16)
    assert report.window > 16
    assert any("windows of 16 px are too small" in said for said in report.warnings)


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"algorithm": "magic"}, "E_ALGORITHM"),
        ({"dtype": "uint8"}, "E_OUTPUT_DTYPE"),
        ({"window": 0}, "E_WINDOW"),
        ({"algorithm": "paper"}, "E_PAPER_SIZE"),
    ],
)
def test_an_option_out_of_range_leaves_nothing(field, cpu, tmp_path, options, code):
    with pytest.raises(FrmError, match=code):
        predict_file(field, [cpu], tmp_path / "out.tif", **options)
    assert sorted(tmp_path.iterdir()) == [field]


def test_no_model_at_all_is_refused(field, tmp_path):
    with pytest.raises(FrmError, match="E_MODEL_MISSING"):
        predict_file(field, [], tmp_path / "out.tif")


class Faulty(LoadedModel):
    """The real model on a device that fails for large windows: fault injection."""

    def __init__(self, model: LoadedModel, *, largest: int, problem: Exception) -> None:
        super().__init__(model.path, model.card, model._session)
        self.largest = largest
        self.problem = problem
        self.sides: list[int] = []

    def run(self, batch):
        self.sides.append(max(batch.shape))
        if max(batch.shape) > self.largest:
            raise self.problem
        return super().run(batch)


@pytest.mark.parametrize(
    "problem", [EnvironmentProblem("E_MEMORY", "", ""), MemoryError()]
)
def test_out_of_memory_is_tried_again_with_smaller_windows(
    narrow, cpu, tmp_path, problem
):
    model = Faulty(cpu, largest=256, problem=problem)
    report = predict_file(narrow, [model], tmp_path / "out.tif", window=2048)
    assert report.window <= 256
    assert model.sides[0] == 464
    (warning,) = [text for text in report.warnings if "memory ran out" in text]
    assert "windows of 464 px" in warning
    info, (written,) = _planes(tmp_path / "out.tif")
    assert info.properties["frm_bridge.window_px"] == str(report.window)
    (pixels,) = _planes(narrow)[1]
    np.testing.assert_array_equal(written, _as_written(pixels, cpu))


def test_out_of_memory_at_the_smallest_window_is_an_error(field, cpu, tmp_path):
    model = Faulty(cpu, largest=0, problem=EnvironmentProblem("E_MEMORY", "m", "f"))
    with pytest.raises(EnvironmentProblem, match="E_MEMORY"):
        predict_file(field, [model], tmp_path / "out.tif")
    assert sorted(set(model.sides), reverse=True) == [416, 208]
    assert sorted(tmp_path.iterdir()) == [field]


def test_another_failure_of_the_device_is_not_tried_again(field, cpu, tmp_path):
    model = Faulty(cpu, largest=0, problem=EnvironmentProblem("E_DEVICE", "m", "f"))
    with pytest.raises(EnvironmentProblem, match="E_DEVICE"):
        predict_file(field, [model], tmp_path / "out.tif", window=256)
    assert len(model.sides) == 1


def test_a_failing_writer_stops_everything_and_leaves_nothing(
    field, cpu, tmp_path, monkeypatch
):
    def full(self, plane, y, x, array):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(ImageWriter, "write_window", full)
    before = threading.active_count()
    with pytest.raises(FrmError, match="E_DISK_FULL"):
        predict_file(field, [cpu], tmp_path / "out.tif", window=256)
    assert sorted(tmp_path.iterdir()) == [field]
    assert threading.active_count() == before


def test_a_read_only_folder_is_a_clear_error(field, cpu, tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("a file where a folder should be")
    with pytest.raises(OSError, match="file"):
        predict_file(field, [cpu], blocked / "out.tif")


def test_an_overflowing_prediction_is_an_error(field, make_model, tmp_path):
    scale = OutputNormalisation(0.0, 3e38, "counts")
    model = make_model(normalisation=Normalisation(InputNormalisation("field"), scale))
    with pytest.raises(FrmError, match="E_PREDICTION_NOT_FINITE"):
        predict_file(field, [model], tmp_path / "out.tif", device="cpu")
    assert sorted(tmp_path.iterdir()) == [field]
