"""The jars are looked up once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from frm_bridge.imagej import jars

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def resolved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """One jar on the disk, and a list that grows with each question to Maven."""
    jar = tmp_path / "ij.jar"
    jar.write_bytes(b"jar")
    asked: list[Path] = []

    def resolve() -> list[Path]:
        asked.append(jar)
        return [jar]

    monkeypatch.setenv("JGO_CACHE_DIR", str(tmp_path / "jgo"))
    monkeypatch.setattr(jars, "_resolve", resolve)
    return asked


def test_maven_is_asked_once(resolved: list[Path]) -> None:
    assert jars.find_jars() == jars.find_jars() == resolved
    assert len(resolved) == 1


@pytest.mark.parametrize("content", [None, b"ja"], ids=["gone", "cut off"])
def test_maven_is_asked_again_when_a_jar_is_not_whole(
    resolved: list[Path], content: bytes | None
) -> None:
    jars.find_jars()
    resolved[0].unlink() if content is None else resolved[0].write_bytes(content)
    if content is None:
        with pytest.raises(FileNotFoundError):
            jars.find_jars()
    else:
        jars.find_jars()
    assert len(resolved) == 2


def test_a_lock_of_a_killed_process_grows_old(
    resolved: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jars, "_LONGEST_DOWNLOAD_S", -1)
    folder = tmp_path / "jgo" / "frm_bridge"
    folder.mkdir(parents=True)
    jars.find_jars()
    (record,) = folder.glob("*.json")
    record.unlink()
    record.with_suffix(".lock").touch()
    jars.find_jars()
    assert [path.suffix for path in folder.iterdir()] == [".json"]
