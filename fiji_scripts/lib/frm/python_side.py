"""What ImageJ asks of the Python side: one request, one answer.

Predicting, comparing and splitting are done there and nowhere else; here images are
handed over, and what comes back is shown.
"""
from __future__ import absolute_import, division

import codecs
import os
import re

from ij import IJ, ImagePlus, ImageStack, WindowManager
from ij.io import FileSaver
from ij.macro import Interpreter
from ij.measure import ResultsTable
from ij.plugin import BrowserLauncher
from java.awt import GraphicsEnvironment
from java.io import File
from java.lang import RuntimeException, System
from java.lang.management import ManagementFactory
from java.nio.file import Files

from frm import images, interpreter, macroline, server
from frm.interpreter import Failure, Stopped
from frm.results import Problem, expanded, refuse_unknown, whole_folder

_ENDING = re.compile(r"(\.ome)?\.[A-Za-z][A-Za-z0-9]{1,4}$")  # not 5um of "at 1.5um"
_NO_FILE_NAME = re.compile(r'[\\/:*?"<>|\x00-\x1f]')


class Answer(object):
    """An answer's lines: the result, the other files, warnings, and a sentence."""

    def __init__(self, lines):
        self.path = lines[-1][len("OK "):]
        self.files = [line[len("FILE "):] for line in lines if line.startswith("FILE ")]
        self.warnings = [line[len("WARN "):] for line in lines if line.startswith("WARN ")]
        self.sentences = [line[len("SAY "):] for line in lines if line.startswith("SAY ")]


def run(command, body, script):
    """Call ``body(folder)`` with a folder that is gone afterwards; show what went wrong.

    Without a display the failure is raised, so that whoever called the script knows.
    ``script`` are the globals of the script.
    """
    if macroline.is_asked_first():
        macroline.fill_in(script)
        return
    folder = _new_folder()
    try:
        if IJ.isMacro():
            refuse_unknown(command, macroline.keys_of(script))
        body(folder)
    except Problem as problem:
        if GraphicsEnvironment.isHeadless():
            raise
        IJ.showStatus(command + ": stopped")
        if not isinstance(problem, Stopped):
            _show_failure(command, problem)
    finally:
        _delete(File(folder))


def _show_failure(command, problem):
    """Say what went wrong; a macro that called the command ends, as at ImageJ's errors."""
    text = unicode(problem)
    if not text.startswith(command):
        text = u"%s: %s" % (command, text)
    if problem.code:
        text += u"\n(%s)" % problem.code
    if IJ.isMacro():
        IJ.log(text)
        macroline.forget()
    try:
        IJ.error(command, text)
    except RuntimeException:
        pass  # so ImageJ ends a macro; SciJava would print where it comes from
    IJ.showStatus(command + ": failed")


def ask(command, request):
    """Let Python do what a request asks, with its progress; Esc ends it."""
    IJ.showStatus(command + "...")
    IJ.resetEscape()
    request = dict(request, door="macro")
    try:
        lines = server.ask(command, request)
    except server.NoServer as reason:
        if unicode(reason):
            IJ.log(u"FRM: no server (%s); Python is started for this call" % reason)
        lines = interpreter.ask(command, request)
    finally:
        IJ.showProgress(1.0)
    return _answer(command, lines)


def _answer(command, lines):
    last = lines[-1] if lines else u""
    if last.startswith("OK "):
        return Answer(lines)
    if not last.startswith("ERR "):
        raise interpreter.no_answer(last)
    code, rest = last[len("ERR "):].split(" ", 1)
    message, fix = rest.rsplit(" | ", 1)
    raise Failure(u"%s: %s" % (command, message), fix, code)


def whole(path):
    """A path that does not depend on a current folder; a name of no file stays."""
    place = expanded(path)
    return File(place).getAbsolutePath() if path and os.path.exists(place) else path


def say(command, answer, path):
    """Say what came out, and where it is, if it is anywhere.

    NB: without a display IJ.log prints, while Fiji throws away what a script prints.
    """
    for text in answer.warnings:
        IJ.log(u"FRM: " + text)
    for text in answer.sentences + ([path] if path else []):
        IJ.log(u"%s: %s" % (command, text))


def show(command, answer):
    """Say what came out; open its page in the browser, and its table."""
    say(command, answer, answer.path)
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
        return whole_folder(folder)
    name = "%s %d" % (command, System.currentTimeMillis())
    return os.path.join(System.getProperty("java.io.tmpdir"), name)


def as_files(names, folder, are_folders=False):
    """Paths of files, folders and open images; of an image, its current channel is saved.

    ``names`` are pairs of a parameter and what it says. Saved images bear one name, that
    of the first, so that they are taken for a pair.
    """
    first = names[0][1]
    if WindowManager.getImage(first) is None:
        first = os.path.basename(first.rstrip("/\\"))
    stem = stem_of(first)
    paths = []
    for key, name in names:
        imp = WindowManager.getImage(name) if name else None
        if imp is None:
            if not name or not os.path.exists(expanded(name)):
                found = u"is %s: neither an open image, nor a file or folder" % name
                raise Failure(u"%s %s" % (key, found if name else "is empty"),
                              "give a folder, a file, or the title of an open image")
            paths.append(whole(name))
            continue
        place = os.path.join(folder, key)
        os.makedirs(place)
        path = os.path.join(place, stem + ".tif")
        save_channel(imp, path)
        paths.append(place if are_folders else path)
    return paths


def title_of(name):
    """What messages call an open image, of which Python sees a copy; files have names."""
    return name if name and WindowManager.getImage(name) is not None else ""


def stem_of(title):
    """A name for files, of an image's title or a file's name, without its ending."""
    return _ENDING.sub("", _NO_FILE_NAME.sub("_", title)) or "image"


def save_channel(imp, path):
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


def _new_folder():
    """A folder of this user alone, that says whose it is: see doors/callfolders.py."""
    folder = Files.createTempDirectory("frm").toString()
    with codecs.open(os.path.join(folder, "owner.txt"), "w", "utf-8") as out:
        out.write(ManagementFactory.getRuntimeMXBean().getName())  # PID@HOST
    return folder


def _delete(file):
    for each in file.listFiles() or []:
        _delete(each)
    file.delete()
