"""The seal of a package: a list of hashes inside, and one way to write the zip.

Each file's SHA-256 stands in ``frm_bridge.sha256``, as ``sha256sum --check`` reads it.
The zip is written in one way alone (names sorted, nothing compressed, one time stamp),
so that the same files always give the same bytes, and any byte that was changed, also
one of the zip's own structure, can be told by writing it again.
"""

from __future__ import annotations

import io
import zipfile
from typing import TYPE_CHECKING

from frm_bridge.models.card import file_sha256
from frm_bridge.models.packagefolder import list_files

if TYPE_CHECKING:
    from pathlib import Path

MANIFEST = "frm_bridge.sha256"
_STAMP = (1980, 1, 1, 0, 0, 0)  # the earliest that a zip can hold
_UNIX, _PLAIN_FILE = 3, 0o100644 << 16


def write_manifest(folder: Path) -> Path:
    """Write the hashes of all files of a package into it."""
    manifest = folder / MANIFEST
    manifest.write_text(_hashes(folder), encoding="utf-8", newline="\n")
    return manifest


def canonical_zip(folder: Path) -> bytes:
    """Give the one zip of a folder's files."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as archive:
        for name in list_files(folder):
            entry = zipfile.ZipInfo(name, _STAMP)
            # NB: these two depend on the system where they are left alone.
            entry.create_system, entry.external_attr = _UNIX, _PLAIN_FILE
            archive.writestr(entry, (folder / name).read_bytes())
    return stream.getvalue()


def broken_seal(folder: Path, archive: Path | None = None) -> str | None:
    """Say in what a sealed package differs from what it was when it was written.

    Parameters
    ----------
    folder : Path
        The package's files, with their manifest.
    archive : Path, optional
        The zip that they were unpacked from.

    Returns
    -------
    str or None
        None for an unbroken seal.
    """
    written = (folder / MANIFEST).read_bytes()
    found = _hashes(folder).encode()
    if written != found:
        return _difference(written.decode("utf-8", "replace"), found.decode())
    if archive is not None and archive.read_bytes() != canonical_zip(folder):
        return f"the zip's structure, not its files: {archive.name} was written anew"
    return None


def _hashes(folder: Path) -> str:
    names = (name for name in list_files(folder) if name != MANIFEST)
    return "".join(f"{file_sha256(folder / name)}  {name}\n" for name in names)


def _difference(written: str, found: str) -> str:
    """Name the files that two manifests do not agree on."""
    before, now = (_by_name(text) for text in (written, found))
    words = [
        *(f"{name} is missing" for name in before if name not in now),
        *(f"{name} was added" for name in now if name not in before),
        *(
            f"{name} was changed"
            for name, digest in now.items()
            if name in before and before[name] != digest
        ),
    ]
    return ", ".join(words) or f"{MANIFEST} was changed"


def _by_name(text: str) -> dict[str, str]:
    pairs = (line.partition("  ") for line in text.splitlines())
    return {name: digest for digest, _, name in pairs}
