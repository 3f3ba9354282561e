"""Check that every extra resolves to wheels for the Pythons that CI does not run.

Use: ``make check-wheels``. Nothing is installed.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PYTHONS = ("3.12", "3.13")
PIP = (sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet")


def main() -> int:
    """Resolve each extra for each Python; give the number of failures."""
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    extras = tomllib.loads(text)["project"]["optional-dependencies"]
    failures = 0
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(
            [*PIP, "wheel", "--no-deps", "-w", folder, str(ROOT)], check=True
        )
        (wheel,) = Path(folder).glob("*.whl")
        for python in PYTHONS:
            for extra in extras:
                failures += not resolves(f"{wheel}[{extra}]", python, folder)
    return failures


def resolves(requirement: str, python: str, folder: str) -> bool:
    """Ask pip, without installing."""
    options = ["--dry-run", "--only-binary=:all:", "--python-version", python]
    options += ["--target", folder, "--constraint", str(ROOT / "constraints.txt")]
    run = subprocess.run(
        [*PIP, "install", *options, requirement],
        capture_output=True,
        text=True,
        check=False,
    )
    extra = requirement.partition("[")[2].rstrip("]")
    print(f"Python {python} [{extra}]: {'ok' if run.returncode == 0 else run.stderr}")
    return run.returncode == 0


if __name__ == "__main__":
    sys.exit(main())
