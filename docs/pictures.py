"""Take the pictures of ImageJ: ``python docs/pictures.py --output docs/images``.

Starts the real plain ImageJ, or with ``--fiji FOLDER`` a copy of that Fiji, on a screen
of its own (xvfb-run), with the FRM commands installed, and lets docs/imagej_session.py
or docs/fiji_session.py do what a person would do. A window manager (openbox) gives the
windows their frames, where it is installed. Prints what the macro recorder wrote, and
fails if its replay shows another table.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

from frm_bridge.doors import install
from frm_bridge.doors.runtimefile import VARIABLE
from frm_bridge.doors.starting import stop_server
from frm_bridge.imagej.jars import find_jars, imagej_jar
from frm_bridge.imagej.java import check_java

HERE = Path(__file__).resolve().parent
IMAGE = HERE.parent / "tests/data/mitocheck/xy_8bit__mitocheck_incenp_t1.tif"
FIELDS = HERE.parent / "models/nuclei-brightfield/sample/input"
LONGEST_S = 120


def imagej_command(folder: Path) -> list[str]:
    """Install the commands into the folder of a plain ImageJ; give how to start it."""
    jars = find_jars()
    (folder / "plugins").mkdir(parents=True)
    shutil.copy(imagej_jar(), folder / "ij.jar")
    install(folder)
    return [
        *(str(check_java().home / "bin" / "java"), f"-Dplugins.dir={folder}"),
        *(f"-Duser.home={folder}", "-cp", os.pathsep.join(map(str, jars))),
        "org.python.util.jython",
    ]


def fiji_command(fiji: Path, folder: Path) -> list[str]:
    """Install the commands into a copy of a Fiji; give how to start Jython in it."""
    shutil.copytree(fiji, folder, copy_function=_link_or_copy)
    install(folder, overwrite=True)
    return [
        *(str(check_java(folder).home / "bin" / "java"), f"-Dplugins.dir={folder}"),
        *(f"-Dimagej.dir={folder}", f"-Duser.home={folder}"),
        f"-Djava.util.prefs.userRoot={folder}",
        *("--add-opens=java.base/java.lang=ALL-UNNAMED", "-cp"),
        os.pathsep.join(f"{folder}/{jars}/*" for jars in ("jars", "plugins")),
        "org.python.util.jython",
    ]


def _link_or_copy(source: str, target: str) -> None:
    """Copy the jars whose own place says where scripts/ and jars/Lib are."""
    if Path(source).name.startswith(("imagej-2", "jython-")):
        shutil.copy(source, target)
    else:
        os.symlink(source, target)


def run_on_screen(command: list[str]) -> None:
    """Run a program on a screen of its own, and end with it if it fails."""
    manager = "openbox >/dev/null 2>&1 & " if shutil.which("openbox") else ""
    screen = ["xvfb-run", "-a", "-s", "-wr -screen 0 1280x960x24"]
    session = subprocess.Popen(
        [*screen, "sh", "-c", f'{manager}exec "$@"', "sh", *command],
        start_new_session=True,
    )
    try:
        if session.wait(LONGEST_S):
            sys.exit("ImageJ failed, as it says above")
    finally:  # the screen must not stay behind
        with contextlib.suppress(ProcessLookupError):
            os.killpg(session.pid, signal.SIGTERM)


def main() -> None:
    """Take the pictures, and see that the recorded macro gives the same table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--image", type=Path, default=IMAGE)
    parser.add_argument("--fiji", type=Path, help="take those of this Fiji instead")
    parser.add_argument("--notes", type=Path, help="a new folder for all it wrote")
    given = parser.parse_args()
    given.output.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        session, imagej = Path(folder, "session"), Path(folder, "ImageJ")
        session.mkdir()
        os.environ[VARIABLE] = str(Path(folder, "home"))  # not the user's
        if given.fiji is None:
            command, actor = imagej_command(imagej), "imagej_session.py"
        else:
            command, actor = fiji_command(given.fiji, imagej), "fiji_session.py"
        field = min(FIELDS.iterdir())
        words = [given.image.resolve(), field, session]
        try:
            run_on_screen([*command, str(HERE / actor), *map(str, words)])
        finally:
            stop_server()
        for picture in session.glob("*.png"):
            shutil.copy(picture, given.output)
        if given.notes is not None:
            shutil.copytree(session, given.notes)
        print((session / "predicted.ijm").read_text(encoding="utf-8").strip())
        print((session / "recorded.ijm").read_text(encoding="utf-8").strip())
        tables = {(session / name).read_bytes() for name in ("first.txt", "second.txt")}
        if len(tables) > 1:
            sys.exit("the replayed macro shows another table than the dialog")


if __name__ == "__main__":
    main()
