"""A user's own macro or Jython script, run unedited; its Results table is the result."""
from __future__ import absolute_import, division

import codecs
import itertools
import json
import os
import re
import sys
import traceback

from ij import IJ, Macro
from ij.macro import Interpreter
from ij.measure import ResultsTable
from java.awt import HeadlessException
from java.io import ByteArrayOutputStream, File, PrintStream
from java.lang import RuntimeException, System

from frm import active, results
from frm.pristine import Pristine
from frm.results import Problem

_MOST_PRINTED = 20000  # characters
_NO_DIALOG = re.compile("headless dialog|dialog headlessly|HeadlessException")
_COMMAND = re.compile(r"at (ij\.plugin\.(?!filter\.PlugInFilterRunner)[\w.]+)\.[\w<>$]+\(")
# Commands that only show something; a recorded macro is full of them.
_ONLY_SHOWS = re.compile(r"ij\.plugin\.(frame\.|Histogram$|Profiler$|LUT|WindowOrg)")
# What ImageJ prints of the table while there is no window for it.
_TABLE_LINE = re.compile(r"^( |\d+)\t")
_JAVA_LINE = re.compile(r"^(\s+at |\s*\.\.\. \d+ more|Caused by: )")
_PARAMETER_LINE = re.compile(r"^[ \t]*#@.*$", re.MULTILINE)
_CODING = re.compile(r"\A((?:#.*\n)?)#.*?coding[=:].*")  # Jython refuses it in unicode
_EXIT_WITH_WORDS = re.compile(r"\bexit\s*\(\s*[^)\s]")


class NoDialog(Problem):
    """The script asks a person, and there is none."""
    code = "E_WORKFLOW_DIALOG"
    fix = ("run it without a question: give the value by a line as #@ Double radius "
           "(value=2) or by getArgument(), choose it with --set name=value, and keep "
           "objects in the Results table instead of the ROI Manager")


class NoResult(Problem):
    """The script ended well, but nothing is there to keep."""
    code = "E_WORKFLOW_NO_RESULT"
    fix = ("let the script write to ImageJ's Results table, by run(\"Measure\"), by "
           "run(\"Analyze Particles...\", \"display\"), or by setResult()")


class Console(object):
    """Catches what Java and Jython print."""

    def __enter__(self):
        self._before = System.out, System.err, sys.stdout, sys.stderr
        self._bytes = ByteArrayOutputStream()
        stream = PrintStream(self._bytes, True, "UTF-8")
        System.setOut(stream)
        System.setErr(stream)
        sys.stdout = sys.stderr = self
        return self

    def write(self, text):
        """Take what Jython prints."""
        text = text if isinstance(text, unicode) else text.decode("utf-8", "replace")
        System.out.print(text)

    def flush(self):
        """Do nothing: all is written at once."""

    def __exit__(self, *error):
        System.setOut(self._before[0])
        System.setErr(self._before[1])
        sys.stdout, sys.stderr = self._before[2:]

    @property
    def text(self):
        """All of it so far."""
        return self._bytes.toString("UTF-8")

    @property
    def last_line(self):
        """The last words."""
        return (_readable(self.text).strip().splitlines() or [u""])[-1]


def run(image_path, title, output_folder, script, call):
    """Run a script on an image file and write results.csv and result.json.

    ``call`` is JSON: ``parameters``, by name; ``bound``, names that stand for the image,
    a table or a file, by kind; ``argument`` for a macro's getArgument().
    """
    call = json.loads(call)
    call["paths"] = {"image_path": image_path, "output_folder": output_folder}
    name = os.path.basename(script)

    def body(report):
        for unset in call["unset"]:
            report.warn("the script asks for %s, and was given none: it is empty "
                        "(--set %s=...)" % (unset, unset))
        with Pristine() as pristine:
            imp = IJ.openImage(image_path)
            imp.setTitle(title)
            imp.show()
            console = Console()
            try:
                with console:
                    table = _run_script(script, call, imp, console)
            finally:
                report.describe(printed=_readable(console.text)[:_MOST_PRINTED])
            with codecs.open(script, "r", "utf-8-sig") as source:
                _refuse_dialogs(console.text, source.read(), report)
            _write(report, table or _left_behind(pristine, console))

    results.run(name, body, call["parameters"].items(), output_folder)


def _run_script(script, call, imp, console):
    """Run it; give the table that it names as its output, if it does."""
    with codecs.open(script, "r", "utf-8-sig") as source:
        text = source.read()
    try:
        if script.endswith(".ijm"):
            return _run_macro(text, call["parameters"], console)
        return _run_jython(text, os.path.basename(script), call, imp)
    except HeadlessException:
        raise NoDialog(_asks(traceback.format_exc(), text))
    except RuntimeException as error:
        if _NO_DIALOG.search(error.getMessage() or ""):
            raise NoDialog(_asks(traceback.format_exc(), text))
        raise


def _run_macro(text, parameters, console):
    """Run a macro with its parameters as global variables, in front of line 1."""
    given = "".join("var %s = %s; " % (name, _literal(value))
                    for name, value in sorted(parameters.items()) if name != "argument")
    interpreter = Interpreter()
    try:
        interpreter.run(given + _PARAMETER_LINE.sub("", text),
                        parameters.get("argument", ""))
    except RuntimeException as error:
        if error.getMessage() != Macro.MACRO_CANCELED:
            raise
        if not interpreter.wasError():
            _end(text, interpreter.getLineNumber(), console)
    if interpreter.wasError():
        raise Problem("%s in line %d" % (
            interpreter.getErrorMessage(), _error_line(interpreter)))


def _error_line(interpreter):
    """Where the error is; getLineNumber() tells where the macro would have gone on."""
    return active.private(Interpreter, "lineNumber", interpreter)


def _end(text, number, console):
    """Tell exit(words), which is a failure, from exit."""
    if _EXIT_WITH_WORDS.search((text.splitlines() + [""])[number - 1]):
        raise Problem(u"it ended by exit() in line %d: %s" % (number, console.last_line))


def _literal(value):
    """A value in the macro language."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, long, float)):
        return repr(value)
    for plain, written in (("\\", "\\\\"), ("\"", "\\\""), ("\n", "\\n"), ("\t", "\\t")):
        value = value.replace(plain, written)
    return u"\"%s\"" % value


def _run_jython(text, name, call, imp):
    """Run a script with its parameters as globals."""
    outputs = [key for key, kind in call["bound"].items() if kind == "output"]
    names = dict(call["paths"], __name__="__main__", __file__=name)
    names.update(call["parameters"])
    for key, kind in call["bound"].items():
        if kind == "image":
            names[key] = imp
        elif kind == "table":
            names[key] = ResultsTable.getResultsTable()
        elif kind == "file":
            names[key] = File(names[key])
    try:
        _execute(_CODING.sub(r"\1#", text), name, names)
    except SystemExit as end:
        if end.code:
            raise Problem("it ended itself by sys.exit(%r)" % (end.code,))
    except SyntaxError as error:
        raise Problem("SyntaxError: %s in line %s" % (error.msg, error.lineno))
    tables = [names.get(key) for key in outputs]
    return next((each for each in tables if isinstance(each, ResultsTable)), None)


def _execute(text, name, names):
    exec(compile(text, name, "exec"), names)


def _left_behind(pristine, console):
    """The Results table, unless nobody ever asked for it."""
    table = ResultsTable.getResultsTable()
    if table is pristine.table and not pristine.table.touched:
        said = u"; it printed: %s" % console.last_line if console.last_line else ""
        raise NoResult(u"it ended well, but left no Results table%s" % said)
    return table


def _refuse_dialogs(printed, text, report):
    """Look for commands that ImageJ gave up because they wanted a window.

    ImageJ prints the trace of such a command, and the script goes on.
    """
    lines = printed.splitlines()
    for number, line in enumerate(lines):
        if not _NO_DIALOG.search(line) or _JAVA_LINE.match(line):
            continue
        frames = list(itertools.takewhile(_JAVA_LINE.match, lines[number + 1:]))
        trace = "\n".join(frames)
        classes = _COMMAND.findall(trace)
        if not classes or not all(_ONLY_SHOWS.match(each) for each in classes):
            raise NoDialog(_asks(trace, text))
        report.warnings.append("%s opens a window, and there is no display: this "
                               "command was left out" % classes[-1])


def _asks(trace, text):
    """Say what asked, by the ImageJ command in a Java trace, or by the script."""
    if "RoiManager" in trace or "roimanager" in text.lower():
        return "it needs the ROI Manager, which needs a display, and there is none"
    who = "".join(" (%s)" % each for each in _COMMAND.findall(trace)[-1:])
    return "it shows a dialog%s, and there is nobody to answer it" % who


def _readable(printed):
    """What the script printed, without the table and the traces of Java."""
    return "\n".join(line for line in printed.splitlines()
                     if not (_TABLE_LINE.match(line) or _JAVA_LINE.match(line)))


def _write(report, table):
    """Write results.csv, by the table's values and not by how ImageJ prints them."""
    columns = [unicode(each) for each in table.getHeadings()]
    places = [table.getColumnIndex(each) for each in columns]
    rows = [[_value(table, name, place, row) for name, place in zip(columns, places)]
            for row in range(table.size())]
    if not rows:
        report.warnings.append("the script left no row in ImageJ's Results table")
    results.write_csv(report.path("results.csv"), columns, rows)
    report.describe(count=len(rows), things="rows", columns=columns,
                    outputs={"results": "results.csv"})


def _value(table, name, place, row):
    if name == "Label" and place >= table.MAX_COLUMNS or place == -1:
        return table.getLabel(row)
    number = table.getValueAsDouble(place, row)
    if number == number:
        return number
    text = table.getStringValue(place, row)
    return number if text in (None, "", "NaN") else text
