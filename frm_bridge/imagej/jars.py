"""The jars of the embedded ImageJ: from Maven Central once, then from disk."""

from __future__ import annotations

import hashlib
import json
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from frm_bridge.outputs import make_folder, write_json

if TYPE_CHECKING:
    from collections.abc import Iterator

# All three are on Maven Central; the patcher lets ImageJ run without a display.
ENDPOINTS = (
    "net.imagej:ij:1.54p",
    "net.imagej:ij1-patcher:2.0.0",
    "org.python:jython-slim:2.7.4",
)
_LONGEST_DOWNLOAD_S = 600


def imagej_jar() -> Path:
    """Give the one of `find_jars` that is ImageJ itself, and starts as a program."""
    return next(path for path in find_jars() if path.name.startswith("ij-1"))


def find_jars() -> list[Path]:
    """Give the class path of the embedded ImageJ.

    The jars lie in the local Maven repository (``M2_REPO``); which they are is written
    down in jgo's cache (``JGO_CACHE_DIR``), so that later starts ask nobody.

    NB: scyjava would let jgo delete and link them anew at every start: two processes
    that start together then read half a class path.

    Returns
    -------
    list of Path
        About forty files.
    """
    from jgo.constants import default_jgo_cache

    key = hashlib.sha256("+".join(ENDPOINTS).encode()).hexdigest()[:12]
    record = default_jgo_cache() / "frm_bridge" / f"{key}.json"
    jars = _recorded(record)
    if jars:
        return jars
    make_folder(record.parent)
    with _alone(record.with_suffix(".lock")):
        jars = _recorded(record) or _resolve()
        sizes = {str(jar): jar.stat().st_size for jar in jars}
        write_json(record, sizes, overwrite=True)
    return jars


def _recorded(record: Path) -> list[Path]:
    """Read the record; empty when there is none, or a jar is gone or cut off."""
    if not record.is_file():
        return []
    sizes = {Path(jar): size for jar, size in json.loads(record.read_text()).items()}
    whole = all(jar.is_file() and jar.stat().st_size == sizes[jar] for jar in sizes)
    return list(sizes) if whole else []


def _resolve() -> list[Path]:
    """Ask Maven which jars there must be, and fetch those that are not here yet."""
    import jgo

    jars = [artifact.resolve() for artifact in jgo.resolve("+".join(ENDPOINTS))]
    return [Path(jar) for jar in jars]


@contextmanager
def _alone(lock: Path) -> Iterator[None]:
    """Let one process at a time download; a lock left by a killed one grows old."""
    while True:
        try:
            lock.touch(exist_ok=False)
            break
        except FileExistsError:
            if _age(lock) > _LONGEST_DOWNLOAD_S:
                lock.unlink(missing_ok=True)
            time.sleep(0.2)
    try:
        yield
    finally:
        lock.unlink(missing_ok=True)


def _age(lock: Path) -> float:
    try:
        return time.time() - lock.stat().st_mtime
    except FileNotFoundError:
        return 0.0
