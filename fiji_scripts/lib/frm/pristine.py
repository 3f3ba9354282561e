"""ImageJ as it comes, for as long as somebody's own script runs.

What a macro does can depend on preferences and on what an earlier one left: black
background, measurements, the Results table, open images. Here every run begins alike,
and the user's own settings are put back after it.
"""
from __future__ import absolute_import, division

from ij import IJ, ImagePlus, Macro, Prefs, WindowManager
from ij.gui import Line, Toolbar, Wand
from ij.macro import Interpreter
from ij.measure import Measurements, ResultsTable
from ij.plugin.filter import Analyzer
from ij.process import ImageConverter
from java.awt import Color
from java.lang import Thread

from frm import active

_OFF = ("blackBackground", "padEdges", "avoidResliceInterpolation", "verticalProfile",
        "subPixelResolution", "noRowNumbers", "useNamesAsLabels", "weightedColor",
        "fullRange16bitInversions", "calibrateConversions", "rotateYZ", "flipXZ",
        "pointAutoMeasure", "pointAutoNextSlice", "smoothWand", "useInvertingLut",
        "openDicomsAsFloat", "ignoreRescaleSlope", "reflexAngle", "splineFitLines")
_ON = ("convertToMicrons", "showAllSliceOnly")
_PRECISION = 3  # decimals: what ImageJ prints, not what it computes


class Table(ResultsTable):
    """A Results table that knows whether anybody asked for it.

    NB: where no Results window is open, ImageJ's Measure takes the rows before its own for
    leftovers and deletes them. This table behaves as one whose window is open.
    """
    touched = False

    def columnDeleted(self):
        """Say yes, and Measure shows nothing, and so deletes nothing."""
        return True

    def size(self):
        self.touched = True
        return ResultsTable.size(self)

    def incrementCounter(self):
        self.touched = True
        ResultsTable.incrementCounter(self)

    def addRow(self):
        self.touched = True
        ResultsTable.addRow(self)

    def reset(self):
        """Empty the table, but for a Measure that misses the window."""
        self.touched = True
        if not any(call.getClassName() == "ij.plugin.filter.Analyzer"
                   and call.getMethodName() == "reset"
                   for call in Thread.currentThread().getStackTrace()):
            ResultsTable.reset(self)


class Pristine(object):
    """ImageJ's own defaults, an empty table, and no image but those opened inside."""

    def __enter__(self):
        self._before = self._settings()
        self._macro = Interpreter.getInstance()
        self._open = set(_image_ids())
        self._table = Analyzer.getResultsTable()
        self.table = Table()
        _apply(dict([(name, False) for name in _OFF] + [(name, True) for name in _ON]),
               all_points=False, scaling=True, line=1, precision=_PRECISION,
               measured=Measurements.AREA | Measurements.MEAN | Measurements.MIN_MAX,
               scale=None, front=Color.black, back=Color.white)
        Analyzer.setRedirectImage(None)  # this one ImageJ does not tell, to put it back
        Analyzer.setResultsTable(self.table)
        Macro.setOptions(None)
        IJ.resetEscape()
        return self

    def __exit__(self, *error):
        for number in _image_ids():
            if number not in self._open:
                image = WindowManager.getImage(number)
                image.changes = False
                image.close()
        WindowManager.setTempCurrentImage(None)
        Analyzer.setResultsTable(self._table)
        _apply(self._before[0], **self._before[1])
        # NB: a macro that an exception ends is one that still runs, to ImageJ, and all
        # that comes after is a part of it: IJ.isMacro() stays true.
        active.set_private(Interpreter, "instance", self._macro)

    def _settings(self):
        return dict((name, getattr(Prefs, name)) for name in _OFF + _ON), dict(
            all_points=Wand.allPoints(), scaling=ImageConverter.getDoScaling(),
            line=Line.getWidth(), precision=Analyzer.getPrecision(),
            measured=Analyzer.getMeasurements(), scale=ImagePlus().getGlobalCalibration(),
            front=Toolbar.getForegroundColor(), back=Toolbar.getBackgroundColor())


def _apply(switches, **values):
    for name, value in switches.items():
        setattr(Prefs, name, value)
    Wand.setAllPoints(values["all_points"])
    ImageConverter.setDoScaling(values["scaling"])
    Line.setWidth(values["line"])
    Analyzer.setPrecision(values["precision"])
    Analyzer.setMeasurements(values["measured"])
    ImagePlus().setGlobalCalibration(values["scale"])
    Toolbar.setForegroundColor(values["front"])
    Toolbar.setBackgroundColor(values["back"])


def _image_ids():
    return list(WindowManager.getIDList() or [])
