"""Packages that are written here, and read by bioimage.io's own library."""

from __future__ import annotations

import dataclasses
import sys
import warnings
import zipfile

import numpy as np
import pytest
import tifffile
import yaml
from PIL import Image

from frm_bridge.errors import EnvironmentProblem, FrmError
from frm_bridge.images import open_image
from frm_bridge.models.card import read_card
from frm_bridge.models.normalisation import (
    InputNormalisation,
    Normalisation,
    OutputNormalisation,
)
from frm_bridge.models.registry import shipped_models
from frm_bridge.prediction import predict_image
from frm_bridge.prediction.packaging import Sample, pack_model

GLOBAL = Normalisation(
    InputNormalisation("global", mean=1000.0, sd=60.0),
    OutputNormalisation(1000.0, 100.0, "counts"),
)


def description_of(package):
    with zipfile.ZipFile(package) as archive:
        return yaml.safe_load(archive.read("rdf.yaml"))


@pytest.fixture
def pack(make_model, field, tmp_path):
    """Pack a random network whose card is changed."""

    def run(sample=field, **changes):
        model = make_model(**changes)
        return pack_model(model, tmp_path / "made.zip", sample=Sample(sample))

    return run


@pytest.fixture(scope="session")
def bioimageio():
    """bioimage.io's library, which warns when it is imported, and logs."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import bioimageio.core
    return bioimageio.core


@pytest.mark.parametrize(
    ("stacks", "halo", "scales"),
    [(1, 96, None), (1, 96, GLOBAL), (2, 192, None)],
    ids=["field statistics", "global statistics", "two stacks"],
)
@pytest.mark.filterwarnings("ignore")  # the library's own
def test_the_library_runs_it_with_the_same_numbers_at_several_sizes(
    bioimageio, make_model, tmp_path, stacks, halo, scales
):
    changes = {"stacks": stacks, "halo": halo, "margin": halo - 2}
    if scales:
        changes["normalisation"] = scales
    model = make_model(name="tested by others", **changes)
    side = 2 * halo + 64
    pixels = np.random.default_rng(0).normal(1000, 60, (side, side))
    tifffile.imwrite(tmp_path / "field.tif", pixels.astype(np.uint16))
    report = pack_model(
        model, tmp_path / "made.zip", sample=Sample(tmp_path / "field.tif")
    )
    summary = bioimageio.test_model(report.output)
    assert summary.status == "passed", summary.format()
    assert sum("batch_size" in detail.name for detail in summary.details) == 6


def test_the_network_in_the_package_is_the_file_itself(small_package, make_model):
    shipped = shipped_models()["nuclei-brightfield"]
    report = pack_model(shipped, small_package.with_name("shipped.zip"), overwrite=True)
    with zipfile.ZipFile(report.output) as archive:
        assert archive.read("weights.onnx") == shipped.read_bytes()
    assert report.sample.name.startswith("170601SH11_p0027")


def test_the_same_model_gives_the_same_bytes(small_package, field, tmp_path):
    model = small_package.with_name("small.onnx")
    again = pack_model(model, tmp_path / "again.zip", sample=Sample(field, field))
    assert again.output.read_bytes() == small_package.read_bytes()


def test_members_are_stored_and_sorted(small_package):
    with zipfile.ZipFile(small_package) as archive:
        entries = archive.infolist()
    assert {entry.compress_type for entry in entries} == {zipfile.ZIP_STORED}
    assert {entry.date_time for entry in entries} == {(1980, 1, 1, 0, 0, 0)}
    names = [entry.filename for entry in entries]
    assert names == sorted(names)
    assert "rdf.yaml" in names


def test_global_statistics_become_fixed_ones_and_counts_a_linear_scale(pack):
    content = description_of(pack(normalisation=GLOBAL).output)
    assert content["inputs"][0]["preprocessing"] == [
        {
            "id": "fixed_zero_mean_unit_variance",
            "kwargs": {"mean": 1000.0, "std": 60.0},
        }
    ]
    assert content["outputs"][0]["postprocessing"] == [
        {"id": "scale_linear", "kwargs": {"gain": 100.0, "offset": 1000.0}}
    ]


def test_field_statistics_come_with_a_warning_for_hosts_that_tile_first(pack):
    report = pack()
    step = description_of(report.output)["inputs"][0]["preprocessing"][0]
    assert step["id"] == "zero_mean_unit_variance"
    assert step["kwargs"]["eps"] == 1e-6
    (finding,) = (each for each in report.findings if "tile" in each.found)
    assert finding.severity == "warning"


def test_halo_smallest_side_and_pixel_size_are_the_cards(small_package, pack):
    _, _, y, x = description_of(pack().output)["inputs"][0]["axes"]
    assert y["size"] == x["size"] == {"min": 208, "step": 16}
    assert "unit" not in y
    content = description_of(small_package)
    y = content["inputs"][0]["axes"][2]
    assert (y["size"], y["unit"], y["scale"]) == (
        {"min": 48, "step": 16},
        "micrometer",
        0.65,
    )
    assert content["outputs"][0]["axes"][2]["halo"] == 16


def test_the_test_image_is_the_liveliest_part_of_the_field(small_package, field):
    with (
        zipfile.ZipFile(small_package) as archive,
        archive.open("test_input.npy") as stream,
    ):
        image = np.load(stream)
    with open_image(field) as source:
        pixels = source.read_window(0, 0, 0, 320, 300)
    assert (image.shape, image.dtype) == ((1, 1, 256, 256), np.float32)
    assert np.array_equal(image[0, 0], pixels[64:320, 44:300])


def test_the_expected_output_is_what_predict_gives(small_package):
    with zipfile.ZipFile(small_package) as archive:
        with archive.open("test_input.npy") as stream:
            image = np.load(stream)[0, 0]
        with archive.open("test_output.npy") as stream:
            expected = np.load(stream)[0, 0]
    predicted = predict_image(image, small_package, device="cpu")
    assert np.array_equal(predicted, expected)


def test_the_cover_shows_both_halves_within_the_collections_limits(small_package):
    with zipfile.ZipFile(small_package) as archive:
        assert archive.getinfo("cover.png").file_size < 500_000
        with archive.open("cover.png") as stream, Image.open(stream) as cover:
            assert cover.size == (512, 256)
            halves = np.hsplit(np.asarray(cover), 2)
    assert halves[0].std() > 10
    assert halves[1].std() > 10
    assert not np.array_equal(*halves)


def test_a_card_file_completes_the_card_in_both_places(small_package, field, tmp_path):
    given = tmp_path / "card.toml"
    given.write_text(
        'licence = "CC0 1.0"\nauthors = ["Ada Example"]\nversion = "2.1.0"\n'
        'pixel_size_um = 0.5\n[package]\ntags = ["hela"]\n'
    )
    model = small_package.with_name("small.onnx")
    before = model.read_bytes()
    report = pack_model(
        model, tmp_path / "b.zip", card_file=given, sample=Sample(field)
    )
    content = description_of(report.output)
    assert content["license"] == "CC0-1.0"
    assert content["authors"] == [{"name": "Ada Example"}]
    assert (content["version"], content["tags"]) == ("2.1.0", ["hela"])
    assert content["config"]["frm_bridge"]["card"]["pixel_size_um"] == 0.5
    with zipfile.ZipFile(report.output) as archive:
        archive.extract("weights.onnx", tmp_path)
    inner = read_card(tmp_path / "weights.onnx")
    expected = dataclasses.replace(
        read_card(model),
        licence="CC0 1.0",
        authors=("Ada Example",),
        version="2.1.0",
        pixel_size_um=0.5,
    )
    assert inner == expected
    assert model.read_bytes() == before


@pytest.mark.parametrize(
    ("changes", "said"),
    [({"licence": "ask me"}, "license"), ({"version": "first"}, "version")],
)
def test_what_bioimageio_does_not_take_is_named_and_nothing_is_written(
    pack, tmp_path, changes, said
):
    with pytest.raises(FrmError, match=said) as caught:
        pack(**changes)
    assert caught.value.code == "E_PACKAGE_DESCRIPTION"
    assert not (tmp_path / "made.zip").exists()


def test_a_model_without_a_sample_beside_it_says_so(make_model, tmp_path):
    with pytest.raises(FrmError, match="sample") as caught:
        pack_model(make_model(), tmp_path / "a.zip")
    assert caught.value.code == "E_SAMPLE"
    assert "--sample" in caught.value.fix


def test_a_field_that_is_too_small_is_refused(pack, write_tiff, make_pixels):
    with pytest.raises(FrmError, match="208 px") as caught:
        pack(sample=write_tiff("small", make_pixels(200, 300)))
    assert caught.value.code == "E_SAMPLE_SMALL"


def test_a_model_without_a_card_is_refused(blur, field, tmp_path):
    with pytest.raises(FrmError) as caught:
        pack_model(blur, tmp_path / "a.zip", sample=Sample(field))
    assert caught.value.code == "E_MODEL_NO_CARD"


def test_an_existing_package_is_kept_unless_told_otherwise(small_package, field):
    model = small_package.with_name("small.onnx")
    with pytest.raises(FrmError) as caught:
        pack_model(model, small_package, sample=Sample(field))
    assert caught.value.code == "E_OUTPUT_EXISTS"


def test_without_the_library_the_extra_is_named(small_package, monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "bioimageio.spec.model.v0_5", None)
    with pytest.raises(EnvironmentProblem, match="bioimageio") as caught:
        pack_model(small_package.with_name("small.onnx"), tmp_path / "a.zip")
    assert "[share]" in caught.value.fix
