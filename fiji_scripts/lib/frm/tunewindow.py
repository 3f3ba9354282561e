"""The window of FRM Tune: fields made of the script's own parameters, and a preview."""
from __future__ import absolute_import, division

from ij import IJ, Macro
from ij.gui import DialogListener, NonBlockingGenericDialog
from ij.io import SaveDialog
from ij.plugin.frame import Recorder
from java.awt import Font
from java.awt.event import ActionListener
from java.lang import Runnable
from javax.swing import SwingUtilities

from frm import declared, overlays, tune
from frm.results import Problem

_NUMBER_COLUMNS = 8
_LINES = 3  # of what the window says, besides the part of the image


class Tuning(DialogListener):
    """One window, one image, one workflow."""

    def __init__(self, imp, workflow):
        if Macro.getOptions() is not None and IJ.macroRunning():
            raise Problem("FRM Tune asks a person; a macro runs %s itself"
                          % tune.COMMANDS[workflow])
        self.imp, self.workflow = imp, workflow
        self.declared = declared.parameters_of(tune.COMMANDS[workflow])
        self.subject, self.before = tune.Subject(imp), imp.getOverlay()
        self.base = overlays.without_ours(self.before)
        self.values = None

    def run(self):
        """Show the window until it is closed; then run the workflow, or put all back."""
        _record_nothing()
        window = self._window()
        self.preview = tune.Latest(self._find, self._show_later)
        self.dialogItemChanged(window, None)
        window.showDialog()
        self.preview.end()
        self.imp.setOverlay(self.before)
        if window.wasOKed() and self.values is not None:
            self._run_workflow()

    def _window(self):
        window = NonBlockingGenericDialog("FRM Tune: %s" % self.imp.getTitle())
        for one in self.declared:
            _add_field(window, one)
        if not self.subject.region.whole:
            window.addMessage(self.subject.region.describe())
        window.addMessage("\n".join(["%-60s" % "..."] + [" "] * (_LINES - 1)),
                          Font("SansSerif", Font.BOLD, 12))
        self.said = window.getMessage()
        window.addButton("Save parameters...", _Pressed(self.save))
        window.setOKLabel("Run")
        window.addDialogListener(self)
        return window

    def dialogItemChanged(self, window, event):
        """Want a preview of what the fields say, where they say something possible."""
        values, problem = {}, None
        for one in self.declared:
            values[one.name] = _read_field(window, one)
            problem = problem or one.problem(values[one.name])
        self.values = None if problem else values
        if problem:
            self._say([problem])
        else:
            self.preview.ask(values)
        return problem is None

    def save(self):
        """Ask for a file, and write the parameters into it."""
        if self.values is None:
            return
        asked = SaveDialog("Save the parameters", self.workflow, ".json")
        if asked.getFileName() is not None:
            tune.write_parameters(asked.getDirectory() + asked.getFileName(),
                                  self.workflow, self.values)

    def _find(self, values):
        return self.subject.find(self.workflow, values)

    def _show_later(self, values, found):
        SwingUtilities.invokeLater(_Later(lambda: self._show(found)))

    def _show(self, found):
        if self.preview.ended:
            return
        if isinstance(found, Problem):
            self._say([unicode(found)])
            return
        colour = overlays.COLOURS["preview"]
        outlines = overlays.objects_of(self.imp, colour, found.kept)
        self.imp.setOverlay(overlays.merged(self.base, "preview", outlines))
        self._say(tune.describe(self.workflow, found))

    def _say(self, lines):
        self.said.setText("\n".join(lines + [" "] * (_LINES - len(lines))))

    def _run_workflow(self):
        command = tune.COMMANDS[self.workflow]
        options = tune.macro_options(self.declared, self.values)
        if Recorder.record:
            Recorder.recordString('run("%s", "%s");\n' % (command, options))
        IJ.run(self.imp, command, options)


class _Pressed(ActionListener):
    def __init__(self, act):
        self.act = act

    def actionPerformed(self, event):
        self.act()


class _Later(Runnable):
    def __init__(self, act):
        self.act = act

    def run(self):
        self.act()


def _record_nothing():
    """Keep the window itself out of a recorded macro, which could not answer it."""
    if Recorder.record:
        Recorder.setCommand(None)


def _add_field(window, one):
    if one.kind == "Boolean":
        window.addCheckbox(one.label, one.default)
    elif one.choices:
        window.addChoice(one.label, one.choices, one.default)
    elif one.kind == "String":
        window.addStringField(one.label, one.default)
    elif one.minimum is not None and one.maximum is not None:
        step = (one.maximum - one.minimum) / 100
        window.addSlider(one.label, one.minimum, one.maximum, one.default, step)
    else:
        decimals = 0 if one.kind == "Integer" else 2
        window.addNumericField(one.label, one.default, decimals, _NUMBER_COLUMNS, "")


def _read_field(window, one):
    if one.kind == "Boolean":
        return window.getNextBoolean()
    if one.choices:
        return window.getNextChoice()
    if one.kind == "String":
        return window.getNextString()
    value = window.getNextNumber()
    if value != value or window.invalidNumber():
        return float("nan")
    return int(value) if one.kind == "Integer" else value
