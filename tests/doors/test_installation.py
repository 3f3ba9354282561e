"""Installing the FRM commands: all or nothing, what a user changed is not lost."""

from __future__ import annotations

import hashlib
import os
import resource
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import frm_bridge
from frm_bridge.doors import install, uninstall
from frm_bridge.doors.installrecord import installed_folders
from frm_bridge.doors.namedlines import named_lines, read_named_lines
from frm_bridge.errors import FrmError
from frm_bridge.imagej.jars import find_jars
from frm_bridge.imagej.java import check_java
from frm_bridge.imagej.workflows import menu_scripts
from frm_bridge.shipped import shipped_folder

if TYPE_CHECKING:
    from collections.abc import Callable

SCRIPTS = shipped_folder("fiji_scripts")
RECORDS = {"fiji": "scripts/Plugins/FRM/frm.txt", "imagej": "plugins/FRM/frm.txt"}
COMMAND = {
    "fiji": "scripts/Plugins/FRM/FRM_Nuclei.py",
    "imagej": "plugins/FRM/FRM_Nuclei.ijm",
}
FORMS = pytest.mark.parametrize("form", list(RECORDS))
FIJI = pytest.mark.parametrize("form", ["fiji"])


@pytest.fixture
def folder(form: str, lay_out: Callable[[str, Path], Path], tmp_path: Path) -> Path:
    """A Fiji or an ImageJ, in a folder with a space and an accent."""
    return lay_out(form, tmp_path / f"my {form} é = µ")


def listing(folder: Path) -> dict[str, tuple[bytes, int] | None]:
    """List all that lies in a folder: contents and times of files, and all folders."""
    return {
        path.relative_to(folder).as_posix(): None
        if path.is_dir()
        else (path.read_bytes(), path.stat().st_mtime_ns)
        for path in folder.rglob("*")
    }


def refusal(call: Callable[[], object]) -> FrmError:
    with pytest.raises(FrmError) as caught:
        call()
    return caught.value


def make_older(folder: Path, form: str) -> Path:
    """Let the install be that of an older version; give a file that it alone had."""
    command, record = folder / COMMAND[form], folder / RECORDS[form]
    old = command.with_stem("FRM_Old_One")
    lines = read_named_lines(record) | {"version": "0.0.9"}
    for file in (command, old):
        file.write_text("of 0.0.9")
        name = file.relative_to(folder).as_posix()
        lines[f"file {name}"] = hashlib.sha256(file.read_bytes()).hexdigest()
    record.write_text(named_lines(lines), encoding="utf-8")
    return old


@FORMS
def test_an_uninstall_leaves_the_folder_as_it_was_before(
    folder: Path, form: str
) -> None:
    before = listing(folder)
    done = install(folder)
    assert done.files[-1] == folder / RECORDS[form]
    assert all(path.is_file() for path in done.files)
    assert set(before.items()) < set(listing(folder).items())
    assert installed_folders()[folder] == form
    gone = uninstall(folder)
    assert set(gone.removed) == set(done.files)
    assert gone.kept == []
    assert listing(folder) == before
    assert folder not in installed_folders()


@FORMS
def test_the_record_names_python_version_form_files_and_folders(
    folder: Path, form: str
) -> None:
    done = install(folder)
    text = (folder / RECORDS[form]).read_text(encoding="utf-8")
    assert text.startswith(f"python={sys.executable}\n")
    lines = read_named_lines(folder / RECORDS[form])
    assert (lines.pop("python"), lines.pop("form")) == (sys.executable, form)
    assert lines.pop("version") == frm_bridge.__version__
    made = {
        "fiji": ["scripts/Plugins/FRM", "jars/Lib", "jars/Lib/frm"],
        "imagej": ["plugins/FRM"],
    }
    assert {lines.pop(f"made {name}") for name in made[form]} == {""}
    assert lines == {
        f"file {path.relative_to(folder).as_posix()}": hashlib.sha256(
            path.read_bytes()
        ).hexdigest()
        for path in done.files[:-1]
    }


def contents(folder: Path, pattern: str) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.glob(pattern)}


@FIJI
def test_a_fiji_gets_the_scripts_and_the_code_that_they_share(folder: Path) -> None:
    install(folder)
    scripts = contents(SCRIPTS / "Plugins/FRM", "*.py")
    assert contents(folder / "scripts/Plugins/FRM", "*.py") == scripts
    assert set(scripts) == {path.name for path in menu_scripts()}
    library = contents(SCRIPTS / "lib/frm", "*.py")
    assert contents(folder / "jars/Lib/frm", "*.py") == library
    assert "__init__.py" in library


@pytest.mark.parametrize("form", ["imagej"])
def test_a_plain_imagej_gets_the_macros(folder: Path) -> None:
    install(folder)
    macros = contents(SCRIPTS / "ImageJ1/FRM", "*.ijm")
    assert contents(folder / "plugins/FRM", "*.ijm") == macros
    assert "FRM_Nuclei.ijm" in macros


@FORMS
def test_a_second_install_touches_nothing_but_the_record(
    folder: Path, form: str
) -> None:
    first, before = install(folder), listing(folder)
    assert install(folder).files == first.files
    after = listing(folder)
    record = RECORDS[form]
    assert after.pop(record)[0] == before.pop(record)[0]  # type: ignore[index]
    assert after == before


@FIJI
def test_what_jython_compiled_goes_with_the_rest(folder: Path) -> None:
    before = listing(folder)
    install(folder)
    environment = os.environ.copy()
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # Jython heeds it too
    modules = ["frm.python_side", "frm.own", "frm.nuclei"]
    subprocess.run(
        [
            *(str(check_java().home / "bin" / "java"), "-Djava.awt.headless=true"),
            *("-Dpython.cachedir.skip=true", f"-Dpython.path={folder / 'jars/Lib'}"),
            *("-cp", os.pathsep.join(map(str, find_jars()))),
            *("org.python.util.jython", "-c", f"import {', '.join(modules)}"),
        ],
        env=environment,
        check=True,
    )
    subprocess.run(
        [sys.executable, "-m", "compileall", "-q", str(folder / "jars/Lib/frm")],
        env=environment,
        check=True,
    )
    library = folder / "jars/Lib/frm"
    assert (library / "nuclei$py.class").is_file()
    assert list(library.glob("__pycache__/nuclei.*.pyc"))
    uninstall(folder)
    assert listing(folder) == before


@FORMS
def test_a_file_that_was_changed_since_is_kept_and_named(
    folder: Path, form: str
) -> None:
    before = listing(folder)
    done = install(folder)
    command, record = folder / COMMAND[form], folder / RECORDS[form]
    command.write_text("my own")
    gone = uninstall(folder)
    assert gone.kept == [command]
    assert set(gone.removed) == {*done.files} - {command, record}
    assert command.read_text() == "my own"
    left = {path for path in folder.rglob("*") if path.is_file()}
    assert left == {folder / name for name in before if before[name]} | {
        command,
        record,
    }
    assert folder in installed_folders()
    command.unlink()
    assert uninstall(folder).removed == [record]
    assert listing(folder) == before


@FORMS
def test_what_a_user_put_beside_the_commands_stays(folder: Path, form: str) -> None:
    install(folder)
    mine = (folder / COMMAND[form]).with_name("My_Own.ijm")
    mine.write_text("my own")
    assert uninstall(folder).kept == []
    assert list(mine.parent.iterdir()) == [mine]


@FORMS
def test_an_install_replaces_an_older_version_and_removes_what_it_had(
    folder: Path, form: str
) -> None:
    before = listing(folder)
    install(folder)
    whole = {name: file and file[0] for name, file in listing(folder).items()}
    old = make_older(folder, form)
    compiled = old.with_name("FRM_Old_One$py.class")
    gone = [old]
    if form == "fiji":
        compiled.write_bytes(b"of Jython")
        gone = [old, compiled]
    assert install(folder).removed == gone
    assert {name: file and file[0] for name, file in listing(folder).items()} == whole
    uninstall(folder)
    assert listing(folder) == before


@FORMS
@pytest.mark.parametrize("which", ["a file of ours", "a file we had", "a strange file"])
def test_nothing_is_installed_over_what_a_user_changed_unless_allowed(
    which: str, folder: Path, form: str
) -> None:
    file = folder / COMMAND[form]
    if which == "a strange file":
        file.parent.mkdir(parents=True)
    else:
        install(folder)
        old = make_older(folder, form)
        file = old if which == "a file we had" else file
    file.write_text("my own")
    before = listing(folder)
    error = refusal(lambda: install(folder))
    assert error.code == "E_COMMANDS_EDITED"
    assert str(file) in error.message
    assert "--overwrite" in error.fix
    assert listing(folder) == before
    install(folder, overwrite=True)
    assert file.exists() == (which != "a file we had")
    assert not file.exists() or file.read_text() != "my own"
    assert uninstall(folder).kept == []


@FORMS
def test_a_record_of_before_0_1_is_replaced(folder: Path, form: str) -> None:
    before = listing(folder)
    install(folder)
    record = folder / RECORDS[form]
    record.write_text("/usr/bin/python\n")
    (folder / COMMAND[form]).write_text("of before")
    error = refusal(lambda: uninstall(folder))
    assert error.code == "E_NOT_INSTALLED"
    assert f'install-fiji "{folder}"' in error.fix
    install(folder)
    assert record.read_text().startswith("python=")
    uninstall(folder)
    after = listing(folder)
    after.pop("jars/Lib", None)  # nothing said who made it
    assert after == before


@FORMS
def test_two_forms_are_never_together(folder: Path, form: str) -> None:
    other = COMMAND["imagej" if form == "fiji" else "fiji"]
    (folder / other).parent.mkdir(parents=True)
    (folder / other).write_text("")
    before = listing(folder)
    error = refusal(lambda: install(folder))
    assert error.code == "E_COMMANDS_TWICE"
    assert str((folder / other).parent) in error.message
    assert listing(folder) == before


@FIJI
def test_a_users_own_macros_in_a_fiji_are_in_nobodys_way(folder: Path) -> None:
    mine = folder / "plugins" / "FRM" / "FRM_My_Own.ijm"
    mine.parent.mkdir()
    mine.write_text("")
    install(folder)


@FORMS
def test_a_folder_that_cannot_be_written_to_is_left_as_it_was(
    folder: Path, form: str, obey_modes: None
) -> None:
    closed = folder / ("jars" if form == "fiji" else "plugins")
    before = listing(folder)
    closed.chmod(0o555)
    error = refusal(lambda: install(folder))
    assert error.code == "E_OUTPUT_READ_ONLY"
    assert str(closed) in error.message
    assert "close Fiji or ImageJ, and see that you may write to" in error.fix
    assert listing(folder) == before
    assert folder not in installed_folders()
    closed.chmod(0o755)
    install(folder)
    whole = listing(folder)
    closed = folder / ("jars/Lib" if form == "fiji" else "plugins")
    closed.chmod(0o555)
    assert refusal(lambda: uninstall(folder)).code == "E_OUTPUT_READ_ONLY"
    assert listing(folder) == whole
    closed.chmod(0o755)
    uninstall(folder)
    assert listing(folder) == before


@FORMS
def test_a_disk_that_fills_up_leaves_the_earlier_install(
    folder: Path, form: str
) -> None:
    install(folder)
    make_older(folder, form)
    before = listing(folder)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
    try:
        error = refusal(lambda: install(folder))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert error.code == "E_DISK_FULL"
    assert listing(folder) == before


@FIJI
def test_a_folder_where_a_file_should_be_leaves_all_as_it_was(folder: Path) -> None:
    (folder / "jars/Lib/frm/tune.py").mkdir(parents=True)
    before = listing(folder)
    assert refusal(lambda: install(folder)).code == "E_OUTPUT_FOLDER"
    assert listing(folder) == before


@FIJI
def test_another_python_is_named_if_it_has_frm_bridge(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = listing(folder)
    error = refusal(lambda: install(folder, python=tmp_path / "none"))
    assert error.code == "E_PYTHON"
    assert listing(folder) == before
    link = tmp_path / "bin é" / "python"
    link.parent.mkdir()
    program = f'#!/bin/sh\nexec "{sys.executable}" "$@"\n'
    link.write_text(program)
    link.chmod(0o755)
    monkeypatch.chdir(tmp_path)
    assert install(folder, python=Path("bin é/python")).python == link
    assert read_named_lines(folder / RECORDS["fiji"])["python"] == str(link)


@FORMS
def test_an_uninstall_forgets_a_folder_that_is_gone_or_empty_of_commands(
    folder: Path, form: str
) -> None:
    install(folder)
    (folder / RECORDS[form]).unlink()
    assert uninstall(folder).removed == []
    assert folder not in installed_folders()
    assert refusal(lambda: uninstall(folder)).code == "E_NOT_INSTALLED"
    install(folder)
    folder.rename(folder.with_name("elsewhere"))
    assert uninstall(folder).removed == []
    assert folder not in installed_folders()
    assert refusal(lambda: uninstall(folder)).code == "E_FIJI_FOLDER"
