"""What ImageJ asks of the Python side: one request, one answer, as frm-bridge exec has it.

Comparing and splitting are done there and nowhere else; here images are handed over,
and what comes back is shown.
"""
from __future__ import absolute_import, division

import json
import os
import re

from ij import IJ, ImagePlus, ImageStack, WindowManager
from ij.io import FileSaver
from ij.macro import Interpreter
from ij.measure import ResultsTable
from ij.plugin import BrowserLauncher
from java.awt import GraphicsEnvironment
from java.io import BufferedReader, File, IOException, InputStreamReader, OutputStreamWriter
from java.lang import ProcessBuilder, System, Thread
from java.nio.file import Files
from java.util.concurrent import TimeUnit

from frm import images
from frm.results import Problem

# Which Python: a property of Java, a variable of the environment, or else this file.
PROPERTY, VARIABLE, CONFIGURATION = "frm_bridge.python", "FRM_PYTHON", "frm.txt"
_COMMAND = ["-P", "-m", "frm_bridge.cli", "exec", "--ij", "-"]
_PAUSE_MS, _LONGEST_END_S = 50, 20
_NO_FILE_NAME = re.compile(r'[\\/:*?"<>|\x00-\x1f]')


class Failure(Problem):
    """What the Python side, or the way to it, says of a failure."""

    def __init__(self, message, fix, code="E_PYTHON_SIDE"):
        Problem.__init__(self, u"%s\nfix: %s" % (message, fix))
        self.code, self.fix = code, fix


class Stopped(Failure):
    """The user pressed Esc."""


class Answer(object):
    """An answer's lines: the result, the other files, warnings, and a sentence."""

    def __init__(self, lines):
        self.path = lines[-1][len("OK "):]
        self.files = [line[len("FILE "):] for line in lines if line.startswith("FILE ")]
        self.warnings = [line[len("WARN "):] for line in lines if line.startswith("WARN ")]
        self.sentences = [line[len("SAY "):] for line in lines if line.startswith("SAY ")]


def run(command, body):
    """Call ``body(folder)`` with a folder that is gone afterwards; show what went wrong.

    Without a display the failure is raised, so that whoever called the script knows.
    """
    folder = Files.createTempDirectory("frm").toString()
    try:
        body(folder)
    except Problem as problem:
        if GraphicsEnvironment.isHeadless():
            raise
        IJ.showStatus(command + ": stopped")
        if not isinstance(problem, Stopped):
            IJ.showStatus(command + ": failed")
            IJ.error(command, unicode(problem))  # ends a macro that called the command
    finally:
        _delete(File(folder))


def find_python():
    """The interpreter that has frm_bridge."""
    given = System.getProperty(PROPERTY) or os.environ.get(VARIABLE)
    if given:
        return given
    places = _configurations()
    for place in places:
        if os.path.isfile(place):
            with open(place, "rb") as text:
                line = text.read().decode("utf-8").splitlines()[0].strip()
                return line.replace("python=", "", 1)
    raise Failure(
        u"frm_bridge's Python is not known here: there is no %s" % " and no ".join(places),
        "install the FRM commands again from the Python that has frm_bridge, or name "
        "that Python in the environment variable " + VARIABLE)


def _configurations():
    """Beside the installed commands of this ImageJ, or of the Fiji this code lies in."""
    root = IJ.getDirectory("imagej")
    roots = [root] if root else []
    if "__file__" in globals():
        roots.append(File(__file__).getCanonicalFile().toPath().resolve("../../../..")
                     .normalize().toString())
    found = []
    for each in roots:
        for place in ("scripts/Plugins/FRM", "plugins/FRM"):
            path = os.path.join(each, *(place.split("/") + [CONFIGURATION]))
            if path not in found:
                found.append(path)
    return found


def ask(command, request):
    """Let Python do what a request asks, with its progress; Esc ends it."""
    lines, python = [], find_python()
    IJ.showStatus(command + "...")
    IJ.resetEscape()
    try:
        process = _start(python)
    except IOException as error:
        raise _no_answer(error.getMessage())
    try:
        _send(process, json.dumps(request))
        for line in _lines(process, command):
            words = line.split()
            if line.startswith("RUN "):
                IJ.showProgress(int(words[1]), int(words[2]))
                IJ.showStatus("%s: %s of %s" % (command, words[1], words[2]))
            elif words:
                lines.append(line)
    finally:
        _end(process)
        IJ.showProgress(1.0)
    return _answer(command, lines)


def _start(python):
    builder = ProcessBuilder([python] + _COMMAND)
    builder.environment().put("PYTHONUTF8", "1")  # whatever the locale
    builder.redirectErrorStream(True)
    return builder.start()


def _send(process, text):
    """Write to standard input: arguments would suffer from Windows' quoting."""
    try:
        writer = OutputStreamWriter(process.getOutputStream(), "UTF-8")
        writer.write(text)
        writer.close()
    except IOException:
        pass  # it has ended already; its last words say why


def _lines(process, command):
    """What it prints, line by line, until it ends or the user presses Esc."""
    reader = BufferedReader(InputStreamReader(process.getInputStream(), "UTF-8"))
    while process.isAlive() or reader.ready():
        if reader.ready():
            yield reader.readLine()
        elif IJ.escapePressed():
            raise Stopped(command + " was stopped", "choose the command again")
        else:
            Thread.sleep(_PAUSE_MS)
    line = reader.readLine()  # what came between the two questions
    while line is not None:
        yield line
        line = reader.readLine()


def _end(process):
    """Let it tidy up; nothing of it may go on after the command."""
    process.destroy()
    if not process.waitFor(_LONGEST_END_S, TimeUnit.SECONDS):
        process.destroyForcibly()


def _answer(command, lines):
    last = lines[-1] if lines else u""
    if last.startswith("OK "):
        return Answer(lines)
    if not last.startswith("ERR "):
        raise _no_answer(last)
    code, rest = last[len("ERR "):].split(" ", 1)
    message, fix = rest.rsplit(" | ", 1)
    raise Failure(u"%s: %s" % (command, message), fix, code)


def _no_answer(last):
    return Failure(u"Python gave no answer: %s" % last,
                   "install the FRM commands again from a Python that has frm_bridge")


def show(command, answer):
    """Say what came out; open its page in the browser, and its table.

    NB: without a display IJ.log prints, while Fiji throws away what a script prints.
    """
    for text in answer.warnings:
        IJ.log(u"FRM: " + text)
    for text in answer.sentences:
        IJ.log(u"%s: %s" % (command, text))
    IJ.log(u"%s: %s" % (command, answer.path))
    if GraphicsEnvironment.isHeadless():
        return
    for path in [answer.path] + answer.files:
        if os.path.basename(path) in ("fields.csv", "pairs.csv"):
            kind = os.path.basename(path)[:-len(".csv")].capitalize()
            ResultsTable.open(path).show("%s of %s" % (kind, command))
    if answer.path.endswith(".html") and not Interpreter.isBatchMode():
        BrowserLauncher.openURL("file://" + File(answer.path).toURI().getRawPath())
    IJ.showStatus(command + ": done")


def output_of(command, folder):
    """The folder for results; without a name a new one among the temporary ones."""
    if folder:
        return File(folder).getAbsolutePath()
    name = "%s %d" % (command, System.currentTimeMillis())
    return os.path.join(System.getProperty("java.io.tmpdir"), name)


def as_files(names, folder, are_folders=False):
    """Paths of files, folders and open images; of an image, its current channel is saved.

    ``names`` are pairs of a parameter and what it says. Saved images bear one name, that
    of the first, so that they are taken for a pair.
    """
    stem = _stem(names[0][1])
    paths = []
    for key, name in names:
        imp = WindowManager.getImage(name) if name else None
        if imp is None:
            if not name or not os.path.exists(name):
                found = u"is %s: neither an open image, nor a file or folder" % name
                raise Failure(u"%s %s" % (key, found if name else "is empty"),
                              "give a folder, a file, or the title of an open image")
            paths.append(File(name).getAbsolutePath())
            continue
        place = os.path.join(folder, key)
        os.makedirs(place)
        path = os.path.join(place, stem + ".tif")
        _save(imp, path)
        paths.append(place if are_folders else path)
    return paths


def _stem(name):
    if WindowManager.getImage(name) is None:
        name = os.path.basename(name.rstrip("/\\"))
    return os.path.splitext(_NO_FILE_NAME.sub("_", name))[0] or "image"


def _save(imp, path):
    """Save all slices and frames of the current channel; the image stays as it is.

    NB: saving the image itself would give it another title and file.
    """
    if imp.getBitDepth() == 24:
        raise Failure("%s is a colour image" % imp.getTitle(), "choose a grey one")
    stack, channel = imp.getStack(), imp.getChannel()
    part = ImageStack(imp.getWidth(), imp.getHeight())
    for frame in range(1, imp.getNFrames() + 1):
        for each in range(1, imp.getNSlices() + 1):
            place = imp.getStackIndex(channel, each, frame)
            part.addSlice(stack.getSliceLabel(place), stack.getProcessor(place))
    copy = images.with_own_scale(ImagePlus(imp.getTitle(), part), imp)
    copy.setDimensions(1, imp.getNSlices(), imp.getNFrames())
    copy.setProperty("Info", imp.getProperty("Info"))  # says which model predicted
    saver = FileSaver(copy)
    saved = saver.saveAsTiffStack(path) if part.size() > 1 else saver.saveAsTiff(path)
    if not saved:
        raise Failure("%s cannot be saved to %s" % (imp.getTitle(), path),
                      "see that there is room for it")


def _delete(file):
    for each in file.listFiles() or []:
        _delete(each)
    file.delete()
