"""The one door to the JVM: an embedded ImageJ, or the user's Fiji.

A process holds one JVM, and a JVM holds one ImageJ: it is started on first use and
stays until Python ends.
"""

from __future__ import annotations

import atexit
import logging
import os
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from frm_bridge.errors import EnvironmentProblem, FrmError, InputError
from frm_bridge.imagej.jars import find_jars
from frm_bridge.imagej.java import check_java
from frm_bridge.imagej.linking import offer_linker
from frm_bridge.shipped import shipped_folder

if TYPE_CHECKING:
    from frm_bridge.imagej.java import Java

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ImageJ:
    """The ImageJ that runs in this process.

    Attributes
    ----------
    kind : {"embedded", "fiji"}
        Which size.
    version, java_version, jython_version : str
        As they say themselves.
    folder : Path or None
        The Fiji folder.
    context : object or None
        pyimagej's gateway, for a Fiji.
    """

    kind: Literal["embedded", "fiji"]
    version: str
    java_version: str
    jython_version: str
    folder: Path | None = None
    context: Any = None


_lock = threading.Lock()
_running: list[ImageJ] = []


def start_imagej(*, fiji: Path | None = None, memory_percent: int = 50) -> ImageJ:
    """Start ImageJ, or give the one that runs already.

    Parameters
    ----------
    fiji : Path or None
        The folder of a Fiji; None for the embedded ImageJ, whose three jars come from
        Maven Central on first use and from the local cache (``JGO_CACHE_DIR``,
        ``M2_REPO``) ever after.
    memory_percent : int
        Most that Java may take of the machine's memory, if it is to be started.

    Returns
    -------
    ImageJ
        What runs.

    Raises
    ------
    EnvironmentProblem
        ``E_NO_JAVA``, ``E_NO_IMAGEJ``, or ``E_IMAGEJ_RUNNING`` when this process runs
        another one.
    InputError
        ``E_FIJI_FOLDER``.
    """
    folder = None if fiji is None else check_fiji_folder(Path(fiji))
    with _lock:
        if _running:
            return _same_or_error(_running[0], folder)
        _refuse_foreign_jvm()
        java = check_java(folder)
        _configure(java, memory_percent, fetch="never" if folder is None else "auto")
        started = _start_embedded() if folder is None else _start_fiji(folder)
        offer_linker()
        atexit.register(_let_go_of_python)
        _log.info("ImageJ %s on Java %s", started.version, started.java_version)
        _running.append(started)
        return started


def check_fiji_folder(folder: Path) -> Path:
    """Give the absolute path of a folder that looks like a Fiji.

    Raises
    ------
    InputError
        ``E_FIJI_FOLDER``.
    """
    folder = folder.expanduser().resolve()
    missing = [name for name in ("jars", "plugins") if not (folder / name).is_dir()]
    if missing:
        raise InputError(
            "E_FIJI_FOLDER",
            f"{folder} is no Fiji: it has no folder {' and no folder '.join(missing)}",
            "name the folder that holds jars/ and plugins/ (Fiji.app, or Fiji)",
        )
    return folder


def _same_or_error(running: ImageJ, folder: Path | None) -> ImageJ:
    if running.folder == folder:
        return running
    has = "the embedded ImageJ" if running.folder is None else f"{running.folder}"
    wanted = "the embedded ImageJ" if folder is None else f"{folder}"
    raise EnvironmentProblem(
        "E_IMAGEJ_RUNNING",
        f"this process runs {has}, and a process can hold only one; wanted: {wanted}",
        "use one of them throughout, or start a new Python for the other",
    )


def _refuse_foreign_jvm() -> None:
    import scyjava

    if scyjava.jvm_started():
        raise EnvironmentProblem(
            "E_IMAGEJ_RUNNING",
            "this process runs a Java machine that frm_bridge did not start",
            "call frm_bridge before the code that starts it, or in another process",
        )


def _configure(
    java: Java, memory_percent: int, *, fetch: Literal["never", "auto"]
) -> None:
    """Say how the JVM is to start: no display, no download of a Java, no chatter."""
    import jpype.config
    import scyjava

    # NB: ImageJ filters in a pool of threads that never end, and destroying the JVM
    # waits for them: without this line Python hangs at its exit.
    jpype.config.destroy_jvm = False
    os.environ["JAVA_HOME"] = str(java.home)
    # NB: with "never", pyimagej 1.8.0 raises UnboundLocalError for a local folder.
    scyjava.config.set_java_constraints(fetch=fetch)
    if cache := os.environ.get("JGO_CACHE_DIR"):
        scyjava.config.set_cache_dir(Path(cache))
    scyjava.config.add_options(
        [
            "-Djava.awt.headless=true",
            # Else Java ends the process at Ctrl-C, and nothing is put back in order.
            "-Xrs",
            "--add-opens=java.base/java.lang=ALL-UNNAMED",
            # A share that heeds the limit of a container; Java's own choice is 25 %.
            f"-XX:MaxRAMPercentage={memory_percent}",
            f"-Dpython.path={shipped_folder('fiji_scripts') / 'lib'}",
            # Else Jython writes a cache of packages into the Maven or home folder.
            "-Dpython.cachedir.skip=true",
        ]
    )
    if java.major >= 24:
        # Jython and JPype use what these versions warn about at every start.
        scyjava.config.add_options(
            [
                "--sun-misc-unsafe-memory-access=allow",
                "--enable-native-access=ALL-UNNAMED",
            ]
        )


def _start_embedded() -> ImageJ:
    import scyjava

    scyjava.config.endpoints.clear()
    try:
        scyjava.config.add_classpath(*map(str, find_jars()))
        scyjava.start_jvm()
        # Before the first ij class: it rewrites those that would want a display.
        scyjava.jimport("net.imagej.patcher.LegacyInjector").preinit()
        version = str(scyjava.jimport("ij.IJ").getVersion())
        _load_preferences()
        jython = _jython_version()
    except FrmError:
        raise
    # Resolver, downloader, JPype and Java each raise their own kinds.
    except Exception as error:
        raise _no_imagej(error) from error
    return ImageJ("embedded", version, _java_version(), jython)


def _load_preferences() -> None:
    """Let ImageJ read the user's preferences now.

    NB: without a window it reads them at its first command. That would be in the midst
    of a macro, which would begin by other preferences than it ends by, and the first
    run of a process would write other bytes (the byte order of TIFF) than the second.
    """
    import scyjava

    pixels = scyjava.jimport("ij.process.ByteProcessor")(1, 1)
    nothing = scyjava.jimport("ij.ImagePlus")("", pixels)
    scyjava.jimport("ij.IJ").run(nothing, "Select None", "")


def _let_go_of_python() -> None:
    """Stop the Java thread that gives Python objects back.

    NB: when it asks for Python's lock while Python ends, the C library aborts the whole
    process with "FATAL: exception not rethrown" and status 134, after all work is done:
    3 of 10 times on a busy machine (Python 3.11, JPype 1.7.1).
    """
    import jpype

    jpype.JClass("org.jpype.ref.JPypeReferenceQueue").getInstance().stop()


def _no_imagej(error: Exception) -> EnvironmentProblem:
    reason = str(error).splitlines() or [""]
    if type(error).__module__.startswith("requests."):
        return EnvironmentProblem(
            "E_NO_IMAGEJ",
            "ImageJ's jars are not on this machine yet, and Maven Central, where they "
            "come from, cannot be reached",
            "connect to a network once; every later start works without",
        )
    return EnvironmentProblem(
        "E_NO_IMAGEJ",
        f"ImageJ did not start: {type(error).__name__}: {reason[0][:300]}",
        "the first start downloads ImageJ from Maven Central: connect to a network and "
        "try again; if that is no help, delete the folder frm_bridge in ~/.cache/jgo "
        "(or JGO_CACHE_DIR) and net/imagej in ~/.m2/repository (or M2_REPO)",
    )


def _start_fiji(folder: Path) -> ImageJ:
    import imagej
    import scyjava

    if any(folder.glob("jars/**/imglib2-imglyb-*.jar")):
        # Else Maven is asked, at every start, for a jar that is already there.
        scyjava.config.endpoints.clear()
    try:
        context = imagej.init(str(folder), mode="headless")
        version = str(context.getVersion())
    except Exception as error:  # as above
        raise EnvironmentProblem(
            "E_FIJI_START",
            f"the Fiji in {folder} did not start: {type(error).__name__}: {error}",
            "start this Fiji by hand and update it; its first start from Python needs "
            "a network, unless its jars folder holds imglib2-imglyb",
        ) from error
    if context.script().getLanguageByName("jython") is None:
        raise EnvironmentProblem(
            "E_FIJI_START",
            f"the Fiji in {folder} has no Jython, which the workflows are written in",
            "update this Fiji (Help > Update...): it brings jython-slim and "
            "scripting-jython",
        )
    return ImageJ("fiji", version, _java_version(), _jython_version(), folder, context)


def _java_version() -> str:
    import scyjava

    return str(scyjava.jimport("java.lang.System").getProperty("java.version"))


def _jython_version() -> str:
    import scyjava

    return str(scyjava.jimport("org.python.Version").PY_VERSION)
