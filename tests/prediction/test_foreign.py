"""Packages that other programs wrote: here, bioimage.io's own library alone."""

from __future__ import annotations

import shutil
import warnings

import numpy as np
import onnx
import pytest
import tifffile
import yaml

from frm_bridge.errors import FrmError
from frm_bridge.models.description import card_from_description, declared_card
from frm_bridge.prediction import open_model, predict_file, predict_image
from frm_bridge.prediction.verification import verify_package

pytestmark = pytest.mark.filterwarnings("ignore")  # the library's own

FIELD = {
    "id": "zero_mean_unit_variance",
    "kwargs": {"axes": ["channel", "y", "x"], "eps": 1e-6},
}
FIXED = {
    "id": "fixed_zero_mean_unit_variance",
    "kwargs": {"mean": 480.0, "std": 35.0},
}
SCALE = {"id": "scale_linear", "kwargs": {"gain": 12.5, "offset": 100.0}}


def image_of(*shape):
    return np.random.default_rng(3).normal(500, 40, shape).astype(np.float32)


@pytest.fixture(scope="session")
def library():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import bioimageio.core
        import bioimageio.spec
    return bioimageio


def description(before=(), after=(), *, halo=16, size=None, space=None):
    """What another program might say of the tiny network, in the format 0.5."""
    size = size or {"min": 48, "step": 16}
    sides = [{"type": "space", "id": axis} | (space or {}) for axis in "yx"]
    crop = {"halo": halo} if halo else {}
    batch, image = {"type": "batch"}, {"tensor_id": "raw"}
    return {
        "type": "model",
        "format_version": "0.5.4",
        "name": "model of a stranger",
        "description": "Blurs.",
        "authors": [{"name": "A Stranger", "affiliation": "elsewhere"}],
        "license": "MIT",
        "cite": [{"text": "Stranger (2020)", "doi": "10.1234/abc"}],
        "config": {"bioimageio": {"modality": "phase contrast"}},
        "inputs": [
            {
                "id": "raw",
                "axes": [
                    batch,
                    {"type": "channel", "channel_names": ["phase"]},
                    *(side | {"size": size} for side in sides),
                ],
                "test_tensor": {"source": "in.npy"},
                "preprocessing": list(before),
            }
        ],
        "outputs": [
            {
                "id": "stain",
                "axes": [
                    batch,
                    {"type": "channel", "channel_names": ["dapi"]},
                    *(
                        side | crop | {"size": image | {"axis_id": side["id"]}}
                        for side in sides
                    ),
                ],
                "test_tensor": {"source": "out.npy"},
                "postprocessing": list(after),
            }
        ],
        "weights": {"onnx": {"source": "network.onnx", "opset_version": 17}},
    }


def older(mode):
    """The same in the format 0.4, with letters for axes."""
    shape = {"min": [1, 1, 48, 48], "step": [0, 0, 16, 16]}
    kwargs = {"axes": "xy", "mode": mode}
    if mode == "fixed":
        kwargs |= {"mean": 480.0, "std": 35.0}
    before = {"name": "zero_mean_unit_variance", "kwargs": kwargs}
    return {
        "type": "model",
        "format_version": "0.4.10",
        "name": "an older model",
        "description": "Blurs.",
        "authors": [{"name": "A Stranger"}],
        "maintainers": [{"github_user": "stranger"}],
        "license": "MIT",
        "tags": ["unet"],
        "cite": [{"text": "Stranger (2020)", "doi": "10.1234/abc"}],
        "documentation": "README.md",
        "covers": [],
        "timestamp": "2020-01-01T00:00:00",
        "inputs": [
            {
                "name": "raw",
                "axes": "bcyx",
                "data_type": "float32",
                "shape": shape,
                "preprocessing": [before],
            }
        ],
        "outputs": [
            {
                "name": "stain",
                "axes": "bcyx",
                "data_type": "float32",
                "shape": {
                    "reference_tensor": "raw",
                    "scale": [1.0, 1.0, 1.0, 1.0],
                    "offset": [0.0, 0.0, 0.0, 0.0],
                },
                "halo": [0, 0, 16, 16],
            }
        ],
        "test_inputs": ["in.npy"],
        "test_outputs": ["out.npy"],
        "weights": {"onnx": {"source": "network.onnx", "opset_version": 17}},
    }


@pytest.fixture
def write_package(library, blur, tmp_path):
    """Let the library check a description and write the package with its own output."""
    place = tmp_path / "source"
    place.mkdir()
    shutil.copyfile(blur, place / "network.onnx")
    (place / "README.md").write_text("# Validation\nnone\n")
    image = image_of(1, 1, 96, 112)
    for name in ("in.npy", "out.npy"):
        np.save(place / name, image)

    def save(content):
        (place / "rdf.yaml").write_text(yaml.safe_dump(content))
        model = library.spec.load_model_description(place / "rdf.yaml")
        path = tmp_path / "foreign.zip"
        path.unlink(missing_ok=True)
        library.spec.save_bioimageio_package(model, output_path=path)
        return path

    def write(content):
        first = save(content)
        np.save(place / "out.npy", predicted_by(library, first, image))
        return save(content)

    return write


def predicted_by(library, package, image):
    """Give the library's own prediction, as it makes it to compare test outputs.

    Its plain 'predict' mirrors the image at its borders first.
    """
    model = library.spec.load_model_description(package)
    given = {getattr(model.inputs[0], "id", None) or model.inputs[0].name: image}
    sample = library.core.digest_spec.create_sample_for_model(model, inputs=given)
    with library.core.create_prediction_pipeline(model) as pipeline:
        made = pipeline.predict_sample_without_blocking(
            sample, skip_input_padding=True, skip_output_cropping=True
        )
    return next(iter(made.members.values())).data.to_numpy()


@pytest.mark.parametrize(
    ("before", "after"),
    [([], []), ([FIELD], []), ([FIXED], [SCALE]), ([FIELD], [SCALE]), ([SCALE], [])],
    ids=["nothing", "field", "fixed and back", "field and back", "linear"],
)
def test_the_numbers_are_those_of_the_library(library, write_package, before, after):
    package = write_package(description(before, after))
    image = image_of(1, 1, 128, 144)
    expected = predicted_by(library, package, image)[0, 0]
    found = predict_image(image[0, 0], package, device="cpu")
    assert np.abs(found - expected).max() < 1e-5 * np.abs(expected).max()
    with open_model(package, device="cpu") as model:
        assert model.card.marker == "dapi"
        assert (model.card.stride, model.card.halo) == (16, 16)
    result = verify_package(package)
    assert result.passed, result.checks
    assert {"hashes", "golden pair on cpu", "tiles"} <= {
        check.part for check in result.checks if check.state == "ok"
    }


@pytest.mark.parametrize("mode", ["per_sample", "fixed"])
def test_a_package_of_the_format_0_4_is_predicted_alike(library, write_package, mode):
    package = write_package(older(mode))
    image = image_of(1, 1, 128, 144)
    expected = predicted_by(library, package, image)[0, 0]
    found = predict_image(image[0, 0], package, device="cpu")
    assert np.abs(found - expected).max() < 1e-5 * np.abs(expected).max()
    assert verify_package(package).passed


def test_a_file_is_predicted_with_a_package_or_its_folder_or_its_network(
    write_package, tmp_path
):
    package = write_package(description([FIELD]))
    tifffile.imwrite(tmp_path / "field.tif", image_of(100, 90))
    results = []
    shutil.unpack_archive(package, tmp_path / "folder")
    folder = tmp_path / "folder"
    for number, model in enumerate((package, folder, folder / "network.onnx")):
        output = tmp_path / f"{number}.tif"
        report = predict_file(tmp_path / "field.tif", model, output)
        assert report.unit == "relative"
        results.append(tifffile.imread(output))
    assert np.array_equal(results[0], results[1])
    assert np.array_equal(results[0], results[2])


def test_what_it_says_of_itself_is_in_the_card():
    space = {"unit": "nanometer", "scale": 650.0}
    card = card_from_description(description(halo=20, space=space))
    assert card.name == "model of a stranger"
    assert (card.modality, card.marker) == ("phase contrast", "dapi")
    assert card.pixel_size_um == pytest.approx(0.65)
    assert card.halo == 32  # the next multiple of the stride
    assert card.authors == ("A Stranger",)
    assert (card.licence, card.citation) == ("MIT", "Stranger (2020)")


def test_without_a_halo_the_papers_is_taken_and_that_is_said(caplog):
    assert card_from_description(description(halo=0)).halo == 96
    assert "states no halo" in caplog.text


def several_inputs(content):
    content["inputs"].append(content["inputs"][0] | {"id": "second"})


def three_dimensions(content):
    for side in ("inputs", "outputs"):
        axes = content[side][0]["axes"]
        axes.insert(2, axes[2] | {"id": "z"})


def two_channels(content):
    content["inputs"][0]["axes"][1]["channel_names"] = ["phase", "dic"]


def channels_last(content):
    axes = content["inputs"][0]["axes"]
    axes.append(axes.pop(1))


def fixed_size(content):
    for axis in content["inputs"][0]["axes"][2:]:
        axis["size"] = 256


def odd_smallest(content):
    for axis in content["inputs"][0]["axes"][2:]:
        axis["size"] = {"min": 50, "step": 16}


def another_format(content):
    content["format_version"] = "0.3.2"


def no_lists(content):
    content["inputs"] = "raw"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (several_inputs, "2 inputs"),
        (three_dimensions, "z"),
        (two_channels, "2 channel"),
        (channels_last, "b, y, x, c"),
        (fixed_size, "256 px alone"),
        (odd_smallest, "50 \\+ n \\* 16"),
        (another_format, "0.3.2"),
        (no_lists, "0 inputs"),
    ],
)
def test_what_is_no_plane_in_and_out_is_refused_with_what_was_found(change, said):
    content = description()
    change(content)
    with pytest.raises(FrmError, match=said) as caught:
        card_from_description(content)
    assert caught.value.code == "E_PACKAGE_MODEL"


def test_a_step_that_is_not_done_here_is_refused_before_anything_runs(write_package):
    step = {"id": "scale_range", "kwargs": {"min_percentile": 1.0}}
    package = write_package(description([step]))
    with pytest.raises(FrmError, match="scale_range") as caught:
        predict_image(image_of(64, 64), package)
    assert caught.value.code == "E_PACKAGE_PROCESSING"


def test_a_description_of_another_file_says_nothing_of_this_one(blur, tmp_path):
    (tmp_path / "rdf.yaml").write_text(yaml.safe_dump(description([FIELD])))
    for name in ("network.onnx", "other.onnx"):
        shutil.copyfile(blur, tmp_path / name)
    assert declared_card(tmp_path / "network.onnx").normalisation.input.kind == "field"
    assert declared_card(tmp_path / "other.onnx") is None
    with pytest.raises(FrmError) as caught:
        open_model(tmp_path / "other.onnx")
    assert caught.value.code == "E_MODEL_NO_CARD"


def test_a_network_that_sees_further_than_its_halo_is_told_of(
    write_package, blur, tmp_path
):
    graph = onnx.load(blur)
    kernel = onnx.numpy_helper.from_array(
        np.full((1, 1, 65, 65), 1 / 65**2, np.float32), "kernel"
    )
    graph.graph.initializer[0].CopyFrom(kernel)
    del graph.graph.node[0].attribute[:]
    graph.graph.node[0].attribute.extend(
        [
            onnx.helper.make_attribute("pads", [32] * 4),
            onnx.helper.make_attribute("kernel_shape", [65, 65]),
        ]
    )
    onnx.save(graph, tmp_path / "source" / "network.onnx")
    result = verify_package(write_package(description([FIELD])))
    (check,) = (each for each in result.checks if each.part == "tiles")
    assert check.state == "note"
    assert check.difference > 0
    assert "halo of 16 px" in check.found
