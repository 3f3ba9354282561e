"""Files that are not what they are called, and files that lead to others."""

import h5py
import numpy as np
import pytest

from frm_bridge.errors import ModelError
from frm_bridge.training import legacyguard
from frm_bridge.training.legacyfile import read_weights

LFS = b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 7840312\n"


@pytest.mark.parametrize(
    ("content", "said", "fix"),
    [
        (LFS, "pointer of Git LFS", "git lfs pull"),
        (b"<!DOCTYPE html><html>", "is a web page", "download"),
        (b"\x1f\x8b\x08\x00", "is an archive", "unpack"),
        (b"PK\x03\x04", "keras files of Keras 3", "model.save"),
        (b"", "is empty", "again"),
        (b"some text", "is no HDF5 file", "Keras 2"),
        (b"\x89HDF\r\n\x1a\n", "is damaged or cut short", "again"),
    ],
)
def test_what_is_no_hdf5_file_is_called_by_its_name(content, said, fix, tmp_path):
    path = tmp_path / "weights.h5"
    path.write_bytes(content)
    with pytest.raises(ModelError, match=said) as caught:
        read_weights(path)
    assert caught.value.code == "E_WEIGHTS_FORMAT"
    assert fix in caught.value.fix


@pytest.mark.parametrize("name", ["absent.h5", "."])
def test_a_missing_file_is_said_to_be_missing(name, tmp_path):
    with pytest.raises(ModelError) as caught:
        read_weights(tmp_path / name)
    assert caught.value.code == "E_WEIGHTS_MISSING"


def test_a_file_that_may_not_be_read_is_not_called_broken(tmp_path, obey_modes):
    path = tmp_path / "weights.h5"
    path.write_bytes(LFS)
    path.chmod(0)
    with pytest.raises(ModelError, match="Permission denied") as caught:
        read_weights(path)
    assert caught.value.code == "E_WEIGHTS_UNREADABLE"


def test_a_file_far_too_large_is_not_opened(tmp_path, monkeypatch):
    path = tmp_path / "weights.h5"
    with h5py.File(path, "w") as file:
        file["values"] = np.zeros(1000)
    monkeypatch.setattr(legacyguard, "BYTES_AT_MOST", 8000)
    with pytest.raises(ModelError, match="less than"):
        read_weights(path)


def test_hdf5_of_another_program_is_told_by_what_it_holds(tmp_path):
    path = tmp_path / "weights.h5"
    with h5py.File(path, "w") as file:
        file["DataSet"] = np.zeros(3)
    with pytest.raises(ModelError, match="not of Keras: it holds DataSet"):
        read_weights(path)


def external_link(file, other):
    file["a/b"] = h5py.ExternalLink(str(other), "/secret")


def soft_link(file, other):
    del other
    file["a"] = h5py.SoftLink("/nowhere")


def external_storage(file, other):
    stored = [(str(other), 0, h5py.h5f.UNLIMITED)]
    file.create_dataset("a", (4,), "f4", external=stored)


def virtual(file, other):
    layout = h5py.VirtualLayout((4,), "f4")
    layout[:] = h5py.VirtualSource(str(other), "secret", (4,))
    file.create_virtual_dataset("a", layout)


@pytest.mark.parametrize(
    "lead",
    [
        external_link,
        soft_link,
        external_storage,
        virtual,
    ],
)
def test_a_file_that_leads_to_another_is_refused_before_that_is_opened(lead, tmp_path):
    path, other = tmp_path / "weights.h5", tmp_path / "other.h5"
    with h5py.File(other, "w") as file:
        file["secret"] = np.zeros(4, "f4")
    with h5py.File(path, "w") as file:
        file.attrs["layer_names"] = ["a"]
        lead(file, other)
    with pytest.raises(ModelError) as caught:
        read_weights(path)
    assert caught.value.code == "E_WEIGHTS_UNSAFE"


def test_a_file_of_endlessly_many_parts_is_refused(tmp_path, monkeypatch):
    path = tmp_path / "weights.h5"
    with h5py.File(path, "w") as file:
        for number in range(30):
            file.create_group(f"g{number}")
    monkeypatch.setattr(legacyguard, "_OBJECTS_AT_MOST", 20)
    with pytest.raises(ModelError, match="more than 20 parts"):
        read_weights(path)


def test_links_that_go_in_a_circle_are_followed_once(tmp_path):
    path = tmp_path / "weights.h5"
    with h5py.File(path, "w") as file:
        file.attrs["layer_names"] = ["a"]
        file.create_group("a")
        file["a/again"] = file["a"]
    with pytest.raises(ModelError, match="Found 0 layer"):
        read_weights(path)
