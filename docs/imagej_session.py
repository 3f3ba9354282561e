"""What a person does in plain ImageJ, done by Jython, with pictures taken on the way.

Arguments: an image, a field of transmitted light, and a folder for the pictures and for
what the recorder wrote.
Started by docs/pictures.py.
"""

from __future__ import absolute_import, division

import os
import sys
import traceback

from ij import IJ, ImageJ, WindowManager
from ij.gui import GenericDialog
from ij.plugin.frame import Recorder
from ij.text import TextWindow
from java.awt.event import ActionEvent
from java.lang import System
from screen import picture, save, show_menu, show_prediction, visible, wait_for


def use_dialog(blur, threshold, path):
    """Choose the command, change two values in its dialog, and press OK."""
    IJ.doCommand("FRM Nuclei")
    dialog = wait_for("the dialog", lambda: visible(GenericDialog))[0]
    dialog.getStringFields()[0].setText(blur)
    dialog.getChoices()[0].select(threshold)
    picture(path, [dialog])
    press_ok(dialog)


def press_ok(dialog):
    ok = dialog.getButtons()[0]
    dialog.actionPerformed(ActionEvent(ok, ActionEvent.ACTION_PERFORMED, ok.getLabel()))


def results_of(title):
    """The window of the labels and that of the table, once both are there."""
    table = [
        each for each in visible(TextWindow) if each.getTitle() == "Objects of " + title
    ]
    labels = WindowManager.getImage("Labels of " + title)
    return (labels.getWindow(), table[0]) if table and labels else None


def predict(field):
    """Choose FRM Predict for a field, and press OK; gives it and its prediction."""
    imp = IJ.openImage(field)
    imp.show()
    WindowManager.setCurrentWindow(imp.getWindow())
    IJ.doCommand("FRM Predict")
    press_ok(wait_for("the dialog", lambda: visible(GenericDialog))[0])
    title = "Prediction of " + imp.getTitle()
    return imp, wait_for("the prediction", lambda: WindowManager.getImage(title))


def main(image, field, folder):
    """Menu, dialog and results under the recorder; then replay what it wrote."""
    window, imp = ImageJ(), IJ.openImage(image)
    window.setLocation(20, 40)
    imp.show()
    shown = imp.getWindow()
    shown.setLocation(20, 170)
    show_menu(window, [shown], os.path.join(folder, "imagej-menu.png"))
    recorder = Recorder()
    recorder.setLocation(900, 700)
    use_dialog("2", "Li", os.path.join(folder, "imagej-dialog.png"))
    labels, table = wait_for("the results", lambda: results_of(imp.getTitle()))
    shown.setLocation(20, 170)
    labels.setLocation(shown.getX() + shown.getWidth() + 10, shown.getY())
    table.setBounds(labels.getX() + labels.getWidth() + 10, shown.getY(), 640, 262)
    window.toFront()
    picture(os.path.join(folder, "imagej-nuclei.png"), [window, shown, labels, table])
    recorded = recorder.getText()
    save(os.path.join(folder, "recorded.ijm"), recorded)
    save(os.path.join(folder, "first.txt"), table.getTextPanel().getText())
    recorder.close()
    labels.close()
    WindowManager.setCurrentWindow(shown)
    IJ.runMacro(recorded)
    table = wait_for("the results again", lambda: results_of(imp.getTitle()))[1]
    save(os.path.join(folder, "second.txt"), table.getTextPanel().getText())
    for each in [table] + [WindowManager.getImage(n) for n in WindowManager.getIDList()]:
        each.close()
    recorder = Recorder()
    imp, result = predict(field)
    save(os.path.join(folder, "predicted.ijm"), recorder.getText())
    recorder.close()
    path = os.path.join(folder, "imagej-predict.png")
    show_prediction(window, imp, result, path)


try:
    main(*sys.argv[1:])
except:  # noqa: E722  (windows would keep Java alive)
    traceback.print_exc()
    System.exit(1)
System.exit(0)
