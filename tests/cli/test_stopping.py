"""A command that is stopped: nothing half-written, nothing lost."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
import tifffile

from frm_bridge.cli.options import progress_bar
from frm_bridge.cli.stopping import stoppable


def program(*arguments: object) -> list[str]:
    code = "import sys; from frm_bridge.cli import main; sys.exit(main())"
    return [sys.executable, "-c", code, *map(str, arguments)]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has other signals")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_comparison_that_is_stopped_gives_the_earlier_one_back(
    number, fields, frm, place, listing
):
    light, stain = fields
    out = place / "out"
    assert (
        frm("compare", "--truth", stain, "--prediction", light, "-o", out).status == 0
    )
    before = listing(out)
    pixels = np.stack([tifffile.imread(path) for path in stain.iterdir()] * 40)
    options = {"imagej": True, "metadata": {"axes": "TYX"}}
    tifffile.imwrite(place / "many.tif", pixels, **options)
    tifffile.imwrite(place / "others.tif", pixels[::-1], **options)
    command = program(
        *("compare", "--truth", place / "many.tif", "-o", out, "--overwrite"),
        *("--prediction", place / "others.tif"),
    )
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as running:
        deadline = time.monotonic() + 60
        while not list(out.glob("fields/many_plane0002/truth")):
            assert running.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.05)
        running.send_signal(number)
        _, said = running.communicate(timeout=60)
    assert running.returncode == 130
    assert "no half-written result was left behind" in said
    assert listing(out) == before


def test_a_signal_whose_exception_was_lost_is_not(capsys):
    with stoppable(), progress_bar("fields") as progress:
        progress(0, 2)
        with contextlib.suppress(KeyboardInterrupt):  # as in a finaliser
            signal.raise_signal(signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            progress(1, 2)
        progress(2, 2)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
