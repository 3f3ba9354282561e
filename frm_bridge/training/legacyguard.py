"""What is refused of an ``.h5`` file before a number in it is read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from frm_bridge.errors import EnvironmentProblem, ModelError

if TYPE_CHECKING:
    from pathlib import Path

try:
    import h5py
except ImportError as error:  # it comes with Keras
    raise EnvironmentProblem(
        "E_NO_TENSORFLOW",
        f"importing needs TensorFlow and Keras, which are not installed ({error})",
        'run, in the folder of frm_bridge: pip install ".[train]"',
    ) from error

__all__ = ["BYTES_AT_MOST", "KERAS_2", "check_kind", "h5py", "refuse_other_files"]

KERAS_2 = "a file that model.save, save_weights or ModelCheckpoint of Keras 2 wrote"

BYTES_AT_MOST = 256 * 2**20  # two stacks with Adadelta's own state take 47 MB
_OBJECTS_AT_MOST = 10_000
_SIGNATURE = b"\x89HDF\r\n\x1a\n"
_FOREIGN = (
    (
        b"version https://git-lfs",
        "is a pointer of Git LFS, a few lines of text in place of the file",
        "fetch the file itself: git lfs pull, or download it from the repository's "
        "web page",
    ),
    (b"<", "is a web page", "download the file itself, not the page that shows it"),
    (b"\x1f\x8b", "is an archive", "unpack it, and give the .h5 file inside"),
    (
        b"PK",
        "is a zip, as the .keras files of Keras 3 are",
        "load it in Keras and save it with model.save('NAME.h5')",
    ),
)


def check_kind(path: Path) -> None:
    """Refuse what is no HDF5 file by its first bytes, and say what it is."""
    if not path.is_file():
        raise ModelError(
            "E_WEIGHTS_MISSING",
            f"there is no file {path}",
            "give the .h5 file with the weights",
        )
    try:
        with path.open("rb") as stream:
            start = stream.read(32)
    except PermissionError as error:
        raise ModelError(
            "E_WEIGHTS_UNREADABLE",
            f"{path} cannot be read: {error.strerror}",
            "ask its owner for permission, or copy it to a folder of your own",
        ) from error
    size = path.stat().st_size
    if start.startswith(_SIGNATURE) and size <= BYTES_AT_MOST:
        return
    found, fix = "is no HDF5 file", f"give {KERAS_2}"
    if size == 0:
        found, fix = "is empty", "copy or download it again"
    elif size > BYTES_AT_MOST:
        found = (
            f"has {size / 1e6:,.0f} MB; files of the paper's network have less than "
            f"{BYTES_AT_MOST / 1e6:.0f} MB"
        )
    for mark, is_, remedy in _FOREIGN:
        if start.startswith(mark):
            found, fix = is_, remedy
    raise ModelError("E_WEIGHTS_FORMAT", f"{path.name} {found}", fix)


def refuse_other_files(file: h5py.File, name: str) -> None:
    """Look at every link before any is followed: none may lead out of the file."""
    groups, seen = [file["/"]], set()
    while groups:
        group = groups.pop()
        for key in group:
            link = group.get(key, getlink=True)
            if not isinstance(link, h5py.HardLink):
                raise _unsafe(name, f"a link at {group.name.rstrip('/')}/{key}")
            item = group[key]
            place = h5py.h5o.get_info(item.id).addr
            if place in seen:  # links may go in a circle
                continue
            seen.add(place)
            if len(seen) > _OBJECTS_AT_MOST:
                many = f"more than {_OBJECTS_AT_MOST} parts"
                raise ValueError(many)
            if isinstance(item, h5py.Group):
                groups.append(item)
            elif isinstance(item, h5py.Dataset) and (item.is_virtual or item.external):
                raise _unsafe(name, f"values of {item.name} in another file")


def _unsafe(name: str, what: str) -> ModelError:
    return ModelError(
        "E_WEIGHTS_UNSAFE",
        f"{name} has {what}; Keras writes all into one file",
        "do not trust this file; ask for the one that Keras wrote",
    )
