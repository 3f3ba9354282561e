"""What a script leaves behind: tables, labels, outlines, and result.json last."""
from __future__ import absolute_import, division

import codecs
import json
import os
import re
import sys
import time
import traceback

from ij import IJ
from ij.io import FileSaver, RoiEncoder
from ij.measure import ResultsTable
from java.awt import GraphicsEnvironment
from java.io import BufferedOutputStream, DataOutputStream, FileOutputStream
from java.lang import System
from java.util.zip import ZipEntry, ZipOutputStream

from frm import active, macroline

_TO_QUOTE = re.compile(u'[",\r\n]')


class Problem(Exception):
    """Something that the user can put right; shown without a traceback.

    Code and fix are given where they are not those of any failed script.
    """
    code = fix = None

    def __init__(self, message, code=None, fix=None):
        Exception.__init__(self, message)
        self.code, self.fix = code or self.code, fix or self.fix


class Report(object):
    """Collects what result.json will say."""

    def __init__(self, workflow, parameters, folder):
        self.folder = folder
        self.warnings = []
        self.content = {
            "workflow": workflow,
            "imagej_version": IJ.getVersion(),
            "java_version": System.getProperty("java.version"),
            "jython_version": sys.version.split()[0],
            "parameters": dict(parameters),
            "warnings": self.warnings,
            "outputs": {},
        }

    def describe(self, **facts):
        """Add facts to result.json."""
        self.content.update(facts)

    def warn(self, text):
        """Say what a reader of the numbers should know."""
        self.warnings.append(text)

    def warn_if_empty(self, counts, limits):
        """Say why there is nothing, where there is nothing."""
        if counts["kept"]:
            return
        reasons = ["%s %d" % (name.replace("_", " "), counts[name])
                   for name in sorted(counts) if name.startswith("excluded") and counts[name]]
        if counts.get("excluded_by_area") or counts.get("excluded_as_fragment"):
            reasons.append(limits)
        self.warn("no object was kept (%s)" % (
            ", ".join(reasons) or "nothing lies above the threshold"))

    def write_tables(self, columns, rows, kept, labels):
        """Write objects.csv, labels.tif and rois.zip."""
        self.write_table("objects", columns, rows)
        self.write_image("labels", labels)
        write_rois(self.path("rois.zip"), [thing.roi for thing in kept])
        self.add_output("rois", "rois.zip")

    def write_table(self, name, columns, rows):
        """Write <name>.csv."""
        write_csv(self.path(name + ".csv"), columns, rows)
        self.add_output(name, name + ".csv")

    def write_image(self, name, imp):
        """Write <name>.tif."""
        saver = FileSaver(imp)
        path = self.path(name + ".tif")
        saved = saver.saveAsTiffStack(path) if imp.getStackSize() > 1 else (
            saver.saveAsTiff(path))
        if not saved:
            raise Problem("%s.tif cannot be written to %s" % (name, self.folder))
        self.add_output(name, name + ".tif")

    def add_output(self, name, file_name):
        """Name a file that the script has written."""
        self.content["outputs"][name] = file_name

    def path(self, name):
        """The full path of an output."""
        return os.path.join(self.folder, name)

    def write(self, **facts):
        """Write result.json: whoever finds it knows that the script has ended."""
        self.describe(**facts)
        text = json.dumps(self.content, indent=2, sort_keys=True, ensure_ascii=True)
        with codecs.open(self.path("result.json"), "w", "utf-8") as out:
            out.write(text.decode("ascii") + u"\n")


def expanded(path):
    """A path with the user's home for a leading ~/."""
    if path[:2] in ("~", "~/", "~" + os.sep):
        return os.path.join(System.getProperty("user.home"), path[2:])
    return path


def whole_folder(path):
    """The output folder that is meant; a relative one would lie in ImageJ's own folder."""
    place = expanded(path)
    if place and not os.path.isabs(place):
        fix = "write it from the root, or the drive, on, or as ~/ and what follows"
        raise Problem(u"output_folder is %s; a whole path was expected\nfix: %s" % (
            path, fix), "E_REQUEST", fix)
    return place


def refuse_unknown(command, known):
    """Refuse a macro line with a key that the command has not."""
    unknown = macroline.unknown_key(known)
    if unknown:
        found = u"%s has no key %s" % (command, unknown[0])
        raise Problem(u"%s\nfix: %s" % (found, unknown[1]), "E_REQUEST", unknown[1])


def run(workflow, body, parameters, folder):
    """Call ``body(report)`` and write result.json, also when it fails."""
    known = ["image_path", "output_folder"] + [name for name, _ in parameters]
    refuse_unknown(workflow, known)
    folder = whole_folder(folder)
    if not folder and GraphicsEnvironment.isHeadless():
        raise Problem("output_folder is empty, and there is no display to show results")
    if folder and not os.path.isdir(folder):
        os.makedirs(folder)
    report, start = Report(workflow, parameters, folder), time.time()
    try:
        body(report)
    except:  # noqa: E722  (a Java exception is no Python Exception)
        if folder:
            problem = sys.exc_info()[1]
            report.write(status="error", message=_message(), traceback=traceback.format_exc(),
                         code=getattr(problem, "code", None), fix=getattr(problem, "fix", None))
        raise
    if folder:
        report.write(status="ok", seconds=round(time.time() - start, 3))


def _message():
    kind, value = sys.exc_info()[:2]
    try:
        text = unicode(value)
    except UnicodeError:  # a Python text with accents is bytes
        text = str(value).decode("utf-8", "replace")
    return text if issubclass(kind, Problem) else u"%s: %s" % (kind.__name__, text)


def show(title, columns, rows, labels):
    """Show the table and the labels, where there is a display."""
    if not GraphicsEnvironment.isHeadless():
        show_table("Objects of " + title, columns, rows)
        active.show(labels)


def show_images(*imps):
    """Show images, where there is a display."""
    if not GraphicsEnvironment.isHeadless():
        for imp in imps:
            active.show(imp)


def show_table(title, columns, rows):
    """Show a table, where there is a display."""
    if GraphicsEnvironment.isHeadless():
        return
    table = ResultsTable()
    for row in rows:
        table.incrementCounter()
        for name, value in zip(columns, row):
            if value is not None:
                text = isinstance(value, basestring)
                table.addValue(name, value if text else float(value))
    table.show(title)


def write_csv(path, columns, rows):
    """Write a table; None becomes an empty cell. No locale and no preference counts."""
    lines = [",".join(map(_cell, columns))] + [",".join(map(_cell, row)) for row in rows]
    with codecs.open(path, "w", "utf-8") as out:
        out.write(u"\n".join(lines) + u"\n")


def _cell(value):
    if value is None:
        return u""
    if isinstance(value, basestring):
        return u'"%s"' % value.replace(u'"', u'""') if _TO_QUOTE.search(value) else value
    if value != value:
        return u"NaN"
    return u"%d" % value if isinstance(value, (int, long)) else u"%.10g" % value


def write_rois(path, rois):
    """Write outlines as ImageJ's RoiSet.zip; names are the labels."""
    out = ZipOutputStream(BufferedOutputStream(FileOutputStream(path)))
    try:
        data = DataOutputStream(out)
        for label, roi in enumerate(rois, 1):
            roi.setName("%05d" % label)
            out.putNextEntry(ZipEntry("%05d.roi" % label))
            RoiEncoder(data).write(roi)
            data.flush()
    finally:
        out.close()
