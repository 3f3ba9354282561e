"""One way to write a zip, and a list of hashes that tells what was changed."""

from __future__ import annotations

import os
import shutil
import subprocess
import zipfile

import pytest

from frm_bridge.models.seal import broken_seal, canonical_zip, write_manifest


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "package"
    (folder / "inner").mkdir(parents=True)
    for name in ("b.txt", "a.txt", "inner/c.txt"):
        (folder / name).write_text(name)
    write_manifest(folder)
    return folder


def test_times_and_modes_of_the_files_do_not_matter(folder):
    before = canonical_zip(folder)
    for path in folder.rglob("*.txt"):
        os.utime(path, (1.6e9, 1.6e9))
        path.chmod(0o600)
    assert canonical_zip(folder) == before


def test_any_unzip_reads_it(folder, tmp_path):
    archive = tmp_path / "a.zip"
    archive.write_bytes(canonical_zip(folder))
    with zipfile.ZipFile(archive) as opened:
        assert opened.testzip() is None
        assert opened.namelist() == [
            "a.txt",
            "b.txt",
            "frm_bridge.sha256",
            "inner/c.txt",
        ]
    assert broken_seal(folder, archive) is None


@pytest.mark.skipif(shutil.which("sha256sum") is None, reason="there is no sha256sum")
def test_the_list_is_one_that_sha256sum_checks(folder):
    command = ["sha256sum", "--check", "--strict", "frm_bridge.sha256"]
    run = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, check=True
    )
    assert run.stdout.splitlines() == ["a.txt: OK", "b.txt: OK", "inner/c.txt: OK"]


def test_changes_are_named(folder):
    (folder / "a.txt").write_text("other")
    (folder / "b.txt").unlink()
    (folder / "d.txt").touch()
    assert broken_seal(folder) == (
        "b.txt is missing, d.txt was added, a.txt was changed"
    )


def test_a_list_with_capital_digits_is_not_the_one_that_was_written(folder):
    manifest = folder / "frm_bridge.sha256"
    manifest.write_text(manifest.read_text().upper())
    assert broken_seal(folder) is not None
