"""Running a script: what reaches it, and what comes back when it fails."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray


def run_python(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done


def test_a_java_package_named_io_does_not_hide_pythons(
    tmp_path: Path, save: Callable[..., Path], field: NDArray[Any]
) -> None:
    # Every Fiji has io.scif; the embedded ImageJ has io.netty, when something loads it.
    image = save(field)
    run_python(
        "import sys\n"
        "from frm_bridge.imagej import run_workflow, start_imagej\n"
        "start_imagej()\n"
        "from scyjava import jimport\n"
        "jimport('io.netty.util.AsciiString')\n"
        "run_workflow('nuclei', sys.argv[1], sys.argv[2])",
        str(image),
        str(tmp_path / "out"),
    )
    assert (tmp_path / "out" / "objects.csv").is_file()
