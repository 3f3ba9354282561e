"""Take the pictures of plain ImageJ: ``python docs/pictures.py --output docs/images``.

Starts the real ImageJ on a screen of its own (xvfb-run), with the FRM commands
installed, and lets docs/imagej_session.py do what a person would do. A window manager
(openbox) gives the windows their frames, where it is installed. Prints what the macro
recorder wrote, and fails if its replay shows another table.
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

from frm_bridge.doors import install_wrappers
from frm_bridge.imagej.jars import find_jars

HERE = Path(__file__).resolve().parent
IMAGE = HERE.parent / "tests/data/mitocheck/xy_8bit__mitocheck_incenp_t1.tif"
LONGEST_S = 60


def take_pictures(image: Path, output: Path, imagej: Path) -> None:
    """Install the commands into the folder ``imagej``, and use them on an image."""
    install_wrappers(imagej)
    java = [
        *("java", f"-Dplugins.dir={imagej}", f"-Duser.home={imagej}"),
        *("-cp", os.pathsep.join(map(str, find_jars()))),
        *("org.python.util.jython", str(HERE / "imagej_session.py")),
        *(str(image), str(output)),
    ]
    manager = "openbox >/dev/null 2>&1 & " if shutil.which("openbox") else ""
    screen = ["xvfb-run", "-a", "-s", "-wr -screen 0 1280x900x24"]
    session = subprocess.Popen(
        [*screen, "sh", "-c", f'{manager}exec "$@"', "sh", *java],
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
    given = parser.parse_args()
    given.output.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        session, imagej = Path(folder, "session"), Path(folder, "ImageJ")
        session.mkdir()
        take_pictures(given.image.resolve(), session, imagej)
        for picture in session.glob("*.png"):
            shutil.copy(picture, given.output)
        print((session / "recorded.ijm").read_text(encoding="utf-8").strip())
        tables = {(session / name).read_bytes() for name in ("first.txt", "second.txt")}
        if len(tables) > 1:
            sys.exit("the replayed macro shows another table than the dialog")


if __name__ == "__main__":
    main()
