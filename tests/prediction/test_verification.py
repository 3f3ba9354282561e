"""A package is checked with no library but ONNX Runtime, and any change is found."""

from __future__ import annotations

import dataclasses
import os
import shutil
import struct
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import onnx
import pytest

import frm_bridge
from frm_bridge.errors import FrmError
from frm_bridge.models.card import file_sha256, read_card, write_card
from frm_bridge.models.registry import shipped_models
from frm_bridge.models.seal import canonical_zip, write_manifest
from frm_bridge.prediction import available_providers
from frm_bridge.prediction.packaging import Sample, pack_model
from frm_bridge.prediction.trials import read_golden
from frm_bridge.prediction.verification import verify_package


def states(result):
    return {check.part: check.state for check in result.checks}


def is_refused(path):
    try:
        return not verify_package(path).passed
    except FrmError:
        return True


@pytest.fixture
def unpacked(small_package, tmp_path):
    """The small package as a folder that a test may change."""
    folder = tmp_path / "unpacked"
    with zipfile.ZipFile(small_package) as archive:
        archive.extractall(folder)
    return folder


def test_a_package_is_fit_as_zip_as_folder_and_by_its_network(small_package, unpacked):
    usable = [name for name, problem in available_providers().items() if not problem]
    for given in (small_package, unpacked, unpacked / "weights.onnx"):
        result = verify_package(given)
        assert result.passed, result.checks
        assert (result.name, result.version) == ("small", "1.0.0")
        found = states(result)
        assert found["hashes"] == found["graph"] == found["tiles"] == "ok"
        golden = [each for each in result.checks if each.part.startswith("golden")]
        assert len(golden) == len(usable)
        for check in golden:
            assert check.difference <= check.tolerance


def test_the_cpu_repeats_the_golden_pair_and_its_tiles_to_the_bit(small_package):
    result = verify_package(small_package)
    for part in ("golden pair on cpu", "tiles"):
        (check,) = (each for each in result.checks if each.part == part)
        assert check.difference == 0


def test_a_bare_file_is_tried_with_noise(one_stack):
    result = verify_package(one_stack)
    assert result.passed
    found = states(result)
    assert found["hashes"] == found["golden pair"] == "note"
    assert found["tiles"] == "ok"


def test_the_shipped_model_is_verified_by_its_name():
    result = verify_package("nuclei-brightfield")
    assert result.passed
    assert result.weights == shipped_models()["nuclei-brightfield"]
    assert states(result)["parity"] == "ok"


def regions(path):
    """Give each place in the zip's own structure, and some places in its data."""
    content = path.read_bytes()
    with zipfile.ZipFile(path) as archive:
        entries = archive.infolist()
        start = archive.start_dir
    structure = list(range(start, len(content)))
    data = []
    for entry in entries:
        name, extra = struct.unpack(
            "<HH", content[entry.header_offset + 26 : entry.header_offset + 30]
        )
        first = entry.header_offset + 30 + name + extra
        structure += range(entry.header_offset, first)
        data += [first, first + entry.file_size // 2, first + entry.file_size - 1]
    return structure, data


def test_a_package_with_any_byte_changed_is_refused(small_package, tmp_path):
    structure, data = regions(small_package)
    content = small_package.read_bytes()
    places = structure[::11] + structure[-22:] + data
    assert len(places) > 100
    changed = tmp_path / "changed.zip"
    passed = []
    for place in places:
        flipped = bytearray(content)
        flipped[place] ^= 0x20 if place % 2 else 0x01
        changed.write_bytes(flipped)
        if not is_refused(changed):
            passed.append(place)
    assert passed == []


@pytest.mark.parametrize(
    "change",
    [
        lambda content: content + b"\0",
        lambda content: b"\0" + content,
        lambda content: content[:-1],
        lambda content: content[: len(content) // 2],
    ],
    ids=["byte behind", "byte before", "byte short", "half"],
)
def test_a_package_that_is_longer_or_shorter_is_refused(
    small_package, tmp_path, change
):
    changed = tmp_path / "changed.zip"
    changed.write_bytes(change(small_package.read_bytes()))
    assert is_refused(changed)


def test_the_same_files_in_another_zip_are_refused(small_package, unpacked, tmp_path):
    again = tmp_path / "again.zip"
    with zipfile.ZipFile(again, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(unpacked.iterdir()):
            archive.write(path, path.name)
    result = verify_package(again)
    assert not result.passed
    assert "structure" in result.checks[0].found


def test_a_file_that_is_not_the_declared_one_is_refused_by_name(unpacked):
    (unpacked / "README.md").write_text("# other words")
    with pytest.raises(FrmError, match=r"README\.md") as caught:
        verify_package(unpacked)
    assert caught.value.code == "E_PACKAGE_HASH"


@pytest.mark.parametrize("name", ["rdf.yaml", "frm_bridge.sha256"])
def test_a_changed_description_or_list_of_hashes_is_named(unpacked, name):
    path = unpacked / name
    path.write_bytes(path.read_bytes().replace(b"a", b"A", 1))
    check = verify_package(unpacked).checks[0]
    assert (check.part, check.state) == ("hashes", "fault")
    assert "was changed" in check.found


def test_a_missing_or_an_added_file_is_named(unpacked):
    (unpacked / "notes.txt").write_text("mine")
    check = verify_package(unpacked).checks[0]
    assert (check.state, "notes.txt was added" in check.found) == ("fault", True)
    (unpacked / "notes.txt").unlink()
    manifest = unpacked / "frm_bridge.sha256"
    manifest.write_text(manifest.read_text() + f"{'0' * 64}  lost.txt\n")
    assert "lost.txt is missing" in verify_package(unpacked).checks[0].found


def test_another_network_under_a_fresh_seal_fails_the_golden_pair(unpacked, tmp_path):
    """Someone who changes the weights and all hashes cannot change what they do."""
    weights = unpacked / "weights.onnx"
    before = file_sha256(weights)
    model = onnx.load(weights)
    kernel = onnx.numpy_helper.to_array(model.graph.initializer[0]) * 1.01
    model.graph.initializer[0].CopyFrom(
        onnx.numpy_helper.from_array(kernel, model.graph.initializer[0].name)
    )
    onnx.save(model, weights)
    rdf = unpacked / "rdf.yaml"
    rdf.write_text(rdf.read_text().replace(before, file_sha256(weights)))
    write_manifest(unpacked)
    sealed = tmp_path / "sealed.zip"
    sealed.write_bytes(canonical_zip(unpacked))
    result = verify_package(sealed)
    assert states(result)["hashes"] == "ok"
    assert states(result)["golden pair on cpu"] == "fault"
    assert not result.passed


def test_a_halo_that_is_too_small_is_a_fault(make_card, one_stack, tmp_path):
    model = tmp_path / "short-sighted.onnx"
    shutil.copyfile(one_stack, model)
    write_card(model, make_card(halo=16))
    result = verify_package(model)
    assert states(result)["tiles"] == "fault"
    assert not result.passed


def test_a_large_parity_error_is_a_fault(one_stack, tmp_path):
    model = tmp_path / "far.onnx"
    shutil.copyfile(one_stack, model)
    card = dataclasses.replace(read_card(model), parity_error_sd=0.01)
    write_card(model, card)
    assert states(verify_package(model))["parity"] == "fault"


def test_nan_in_the_expected_output_is_refused(unpacked):
    expected = np.load(unpacked / "test_output.npy")
    expected[0, 0, 5, 5] = np.nan
    np.save(unpacked / "test_output.npy", expected)
    with pytest.raises(FrmError, match="NaN"):
        read_golden(unpacked / "test_input.npy", unpacked / "test_output.npy")


def test_it_needs_neither_bioimageio_nor_tensorflow(small_package):
    """As in an environment with ONNX Runtime and frm_bridge alone."""
    program = f"""
import sys
from importlib.abc import MetaPathFinder

class Blocked(MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("bioimageio", "tensorflow", "tf2onnx"):
            raise ImportError(name + " is blocked")

sys.meta_path.insert(0, Blocked())
from frm_bridge.cli import main
sys.exit(main(["models", "verify", {str(small_package)!r}]))
"""
    run = subprocess.run(
        [sys.executable, "-c", program],
        env=os.environ | {"PYTHONPATH": str(Path(frm_bridge.__file__).parents[1])},
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    assert "fit for use" in run.stdout


def test_a_sample_that_is_only_as_large_as_one_window_still_shows_tiles(
    make_model, write_tiff, make_pixels, tmp_path
):
    field = write_tiff("tight", make_pixels(208, 208))
    report = pack_model(make_model(), tmp_path / "tight.zip", sample=Sample(field))
    assert report.side == 208
    (check,) = (
        each for each in verify_package(report.output).checks if each.part == "tiles"
    )
    assert (check.state, check.difference) == ("ok", 0)
    assert not check.found.startswith("1 windows")
