"""The Python that has frm_bridge: which one it is, and a process of it."""
from __future__ import absolute_import, division

import codecs
import json
import os

from ij import IJ
from java.io import BufferedReader, File, IOException, InputStreamReader, OutputStreamWriter
from java.lang import ProcessBuilder, System, Thread
from java.util.concurrent import TimeUnit

import frm
from frm.results import Problem

# Which Python: a property of Java, a variable of the environment, or else this file.
PROPERTY, VARIABLE, CONFIGURATION = "frm_bridge.python", "FRM_PYTHON", "frm.txt"
HOME = "FRM_BRIDGE_HOME"
_PROGRAM = ["-P", "-m", "frm_bridge.cli"]
_PAUSE_MS, _LONGEST_END_S = 50, 20


class Failure(Problem):
    """What the Python side, or the way to it, says of a failure."""

    def __init__(self, message, fix, code="E_PYTHON_SIDE"):
        Problem.__init__(self, u"%s\nfix: %s" % (message, fix))
        self.message, self.code, self.fix = message, code, fix


class Stopped(Failure):
    """The user pressed Esc."""

    def __init__(self, command):
        Failure.__init__(self, command + " was stopped", "choose the command again")


def setting(name, variable):
    """A property of Java, or else a variable of the environment, or None.

    NB: Jython's os.environ has bytes.
    """
    return System.getProperty(name) or System.getenv(variable)


def home():
    """The folder in which a server says where it is."""
    return setting("frm_bridge.home", HOME) or os.path.join(
        System.getProperty("user.home"), ".frm_bridge")


def named_lines(path):
    """The ``name=value`` lines of a file that Python wrote; None without the file."""
    try:
        with codecs.open(path, "r", "utf-8", "replace") as text:
            lines = text.read().splitlines()
    except (IOError, OSError):
        return None
    parted = [line.partition("=") for line in lines]
    return dict((name.strip(), value.strip()) for name, mark, value in parted if mark)


def installed():
    """What frm.txt says: the Python, and the version of the commands; or None."""
    for place in _configurations():
        found = named_lines(place)
        if found is not None:
            return found
    return None


def find_python():
    """The interpreter that has frm_bridge."""
    path = setting(PROPERTY, VARIABLE) or (installed() or {}).get("python")
    if not path:
        raise Failure(
            u"frm_bridge's Python is not known here: " + _why_unknown(),
            "run frm-bridge install-fiji FOLDER again from the environment that has "
            "frm_bridge, or name its Python in the environment variable " + VARIABLE)
    if os.path.basename(path) != path and not os.path.isfile(path):
        raise Failure(
            u"there is no Python at %s, which the FRM commands were installed from"
            % path,
            "run frm-bridge install-fiji FOLDER again from the environment that has "
            "frm_bridge", "E_PYTHON_MISSING")
    return path


def _why_unknown():
    """What is wrong with frm.txt."""
    places = _configurations()
    for place in places:
        if os.path.isfile(place):
            wrong = u"has no line python=" if os.path.getsize(place) else u"is empty"
            return u"%s %s" % (place, wrong)
    return u"there is no " + u" and no ".join(places)


def _configurations():
    """Beside the installed commands of this ImageJ, or of the Fiji this code lies in."""
    root = IJ.getDirectory("imagej")
    roots = [root] if root else []
    roots.append(File(frm.folder()).getCanonicalFile().toPath().resolve("../../..")
                 .normalize().toString())
    found = []
    for each in roots:
        for place in ("scripts/Plugins/FRM", "plugins/FRM"):
            path = os.path.join(each, *(place.split("/") + [CONFIGURATION]))
            if path not in found:
                found.append(path)
    return found


def ask(command, request):
    """Let a process of its own do what a request asks; give the lines of its answer."""
    answer = []
    for line in lines_of(command, ["exec", "--ij", "-"], json.dumps(request)):
        if line.startswith("RUN "):
            _, done, total = line.split()
            IJ.showProgress(int(done), int(total))
            IJ.showStatus("%s: %s of %s" % (command, done, total))
        elif line.strip():
            answer.append(line)
    return answer


def lines_of(command, words, text=""):
    """What ``frm-bridge WORDS`` prints, line by line, until it ends; Esc ends it."""
    process = _start([find_python()] + _PROGRAM + words)
    try:
        _send(process, text)
        reader = BufferedReader(InputStreamReader(process.getInputStream(), "UTF-8"))
        while process.isAlive() or reader.ready():
            if reader.ready():
                yield reader.readLine()
            elif IJ.escapePressed():
                raise Stopped(command)
            else:
                Thread.sleep(_PAUSE_MS)
        line = reader.readLine()  # what came between the two questions
        while line is not None:
            yield line
            line = reader.readLine()
    finally:
        _end(process)


def _start(words):
    builder = ProcessBuilder(words)
    builder.environment().put("PYTHONUTF8", "1")  # whatever the locale
    builder.environment().put(HOME, home())
    builder.redirectErrorStream(True)
    try:
        return builder.start()
    except IOException as error:
        raise no_answer(error.getMessage(), words[0])


def _send(process, text):
    """Write to standard input: arguments would suffer from Windows' quoting."""
    try:
        writer = OutputStreamWriter(process.getOutputStream(), "UTF-8")
        writer.write(text)
        writer.close()
    except IOException:
        pass  # it has ended already; its last words say why


def _end(process):
    """Let it tidy up; nothing of it may go on after the command."""
    process.destroy()
    if not process.waitFor(_LONGEST_END_S, TimeUnit.SECONDS):
        process.destroyForcibly()


def no_answer(last, python=None):
    """The failure of a Python that says nothing that could be understood.

    ``last`` are its last words, those on standard error too.
    """
    python = python or find_python()
    found = u"the Python at %s gave no answer; it says: %s" % (python, last or u"nothing")
    if u"No module named" in last and u"frm_bridge" in last:
        found = u"the Python at %s has no frm_bridge; it says: %s" % (python, last)
    return Failure(found, "run frm-bridge install-fiji FOLDER again from the environment "
                          "that has frm_bridge, or install frm_bridge into this one by pip")
