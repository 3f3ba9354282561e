"""Run the tests that need a Fiji, in each Fiji given, and record it in fiji-run.md.

For example:

    python docs/fiji_run.py ~/Fiji.app ~/Fiji-Latest=/path/to/java21
"""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).parents[1]
RECORD = ROOT / "docs" / "fiji-run.md"
_NEEDS_FIJI = re.compile(r"\b(trackmate|skeletons|movies|fiji\.plugin|sc\.fiji)\b")
_VERSIONS = """
import json, sys
from pathlib import Path
from scyjava import jimport
from frm_bridge.imagej import start_imagej
imagej = start_imagej(fiji=Path(sys.argv[1]))
trackmate = jimport("fiji.plugin.trackmate.TrackMate").PLUGIN_NAME_VERSION
jars = [path.stem for path in Path(sys.argv[1]).rglob("*.jar")]
print()
print(json.dumps({
    "ImageJ": imagej.version,
    "Java": imagej.java_version,
    "TrackMate": str(trackmate),
    "AnalyzeSkeleton": next(
        (name.split("-", 1)[1] for name in jars if "AnalyzeSkeleton_-" in name), "none"
    ),
}))
"""


def scripts_that_need_fiji() -> list[Path]:
    """Give the Jython files that use what only a Fiji has, or a module that does."""
    files = sorted((ROOT / "fiji_scripts").rglob("*.py"))
    return [file for file in files if _NEEDS_FIJI.search(file.read_text("utf-8"))]


def digest(file: Path) -> str:
    """Give the start of a file's SHA-256."""
    return hashlib.sha256(file.read_bytes()).hexdigest()[:16]


def record(runs: list[tuple[dict[str, str], str]]) -> str:
    """Write what was run, and on which state of the scripts."""
    names = list(runs[0][0])
    lines = [
        "# The tests that need a Fiji",
        "",
        f"Run on {datetime.now(UTC):%Y-%m-%d} by `python docs/fiji_run.py FIJI...`,",
        "which runs `pytest -m fiji` in each through pyimagej and writes this page.",
        "",
        f"| {' | '.join([*names, 'tests'])} |",
        f"| {' | '.join(['---'] * (len(names) + 1))} |",
        *(
            f"| {' | '.join([*versions.values(), summary])} |"
            for versions, summary in runs
        ),
        "",
        "The Fijis were folders with ImageJ2, imagej-legacy, Jython, TrackMate and",
        "AnalyzeSkeleton, put together from released sources; no complete download was",
        "at hand. A test fails when one of these scripts is no longer what was run:",
        "",
        "| script | SHA-256 begins with |",
        "| --- | --- |",
        *(
            f"| {file.relative_to(ROOT).as_posix()} | {digest(file)} |"
            for file in scripts_that_need_fiji()
        ),
    ]
    return "\n".join(lines) + "\n"


def run(place: str) -> tuple[dict[str, str], str]:
    """Run the tests in one Fiji; gives its versions, and pytest's last line."""
    import json

    folder, _, java = place.partition("=")
    folder = str(Path(folder).expanduser().resolve())
    environment = {**os.environ, "FRM_FIJI": folder}
    if java:
        environment["JAVA_HOME"] = java
    told = subprocess.run(
        [sys.executable, "-c", _VERSIONS, folder],
        env=environment,
        check=True,
        capture_output=True,
        text=True,
    )
    tests = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-m", "fiji", "tests"],
        env=environment,
        cwd=ROOT,
        check=False,
        stdout=subprocess.PIPE,
        text=True,
    )
    print(tests.stdout)
    summary = re.sub(r", \d+ deselected| in .*", "", tests.stdout.splitlines()[-1])
    versions: dict[str, str] = json.loads(told.stdout.splitlines()[-1])
    return versions, summary.strip("= ")


if __name__ == "__main__":
    if len(sys.argv) == 1:
        sys.exit(__doc__)
    RECORD.write_text(record([run(place) for place in sys.argv[1:]]), encoding="utf-8")
