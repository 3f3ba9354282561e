"""What a person does in a Fiji, done by Jython, with pictures taken on the way.

Arguments: an image, a field of transmitted light, and a folder for the pictures and for
what the recorder wrote.
Started by docs/pictures.py --fiji.
"""

from __future__ import absolute_import, division

import os
import sys
import traceback

from net.imagej import ImageJ

FIJI = ImageJ()  # NB: before any class of ij, which it changes as they load

from ij import IJ, ImagePlus, ImageStack, Menus, WindowManager
from ij.gui import Line, NonBlockingGenericDialog
from ij.plugin.frame import Recorder
from ij.text import TextWindow
from java.awt import Container, Dialog, Frame
from java.awt.event import ActionEvent
from java.lang import Runnable, System, Thread
from javax.swing import JButton, JComboBox, JSpinner, SwingUtilities
from screen import picture, save, show_menu, show_prediction, visible, wait_for


class Act(Runnable):
    """A call for the event thread."""

    def __init__(self, call):
        self.run = call


def titled(title, kind=Frame):
    """The visible windows of a title."""
    found = visible(kind) + (visible(Dialog) if kind is Frame else [])
    return [each for each in found if each.getTitle() == title]


def parts(container, kind):
    """All components of a class in a window."""
    found = []
    for each in container.getComponents():
        if isinstance(each, kind):
            found.append(each)
        elif isinstance(each, Container):
            found += parts(each, kind)
    return found


def press(dialog):
    """Press the OK of a SciJava dialog."""
    ok = [each for each in parts(dialog, JButton) if each.getText() == "OK"][0]
    SwingUtilities.invokeLater(Act(ok.doClick))


def start(image):
    """The Fiji with an image; its console is of no interest here."""
    FIJI.ui().showUI()
    window = wait_for("ImageJ", IJ.getInstance)
    Thread.sleep(1000)
    for each in titled("Console"):
        each.setVisible(False)
    window.setLocation(20, 40)
    imp = IJ.openImage(image)
    imp.show()
    wait_for("the active image", lambda: WindowManager.getCurrentImage() is imp)
    imp.getWindow().setLocation(20, 170)
    Thread.sleep(1000)
    return window, imp


def use_dialog(blur, threshold, path):
    """Choose the command, change two values in its dialog, and press OK."""
    IJ.doCommand("FRM Nuclei")
    dialog = wait_for("the dialog", lambda: titled("FRM Nuclei"))[0]
    dialog.setLocation(320, 100)
    parts(dialog, JSpinner)[0].setValue(blur)
    parts(dialog, JComboBox)[0].setSelectedItem(threshold)
    picture(path, [dialog])
    press(dialog)


def results_of(title):
    """The window of the labels and that of the table, once both are there."""
    table = [
        each for each in visible(TextWindow) if each.getTitle() == "Objects of " + title
    ]
    labels = WindowManager.getImage("Labels of " + title)
    outlined = WindowManager.getImage(title).getOverlay() is not None
    return (labels.getWindow(), table[0]) if table and labels and outlined else None


def close_results(labels, table, shown):
    """Leave the image alone."""
    labels.close()
    table.close(False)
    shown.getImagePlus().setOverlay(None)
    WindowManager.setCurrentWindow(shown)
    Thread.sleep(500)


def tune(imp, path):
    """Open the tune window, change the blur, wait for the preview, and press Run.

    Gives how many outlines it showed.
    """
    IJ.doCommand("FRM Tune")
    press(wait_for("the question", lambda: titled("FRM Tune"))[0])
    window = wait_for("the window", lambda: visible(NonBlockingGenericDialog))[0]
    shown = imp.getWindow()
    window.setLocation(shown.getX() + shown.getWidth() + 10, shown.getY())
    first = wait_for("the preview", imp.getOverlay)
    window.getNumericFields()[0].setText("4.5")
    wait_for("another preview", lambda: imp.getOverlay() is not first)
    picture(path, [window, shown])
    previewed = imp.getOverlay().size()
    ok = window.getButtons()[0]
    listeners = ok.getActionListeners()
    event = ActionEvent(ok, ActionEvent.ACTION_PERFORMED, ok.getLabel())
    SwingUtilities.invokeLater(Act(lambda: listeners[0].actionPerformed(event)))
    return previewed


# The other commands that measure, and how the title of what they show begins.
ON_THE_IMAGE = (("FRM Line Profile", "Profiles of "), ("FRM Junctions", "Objects of "))
ON_THE_PAIR = (
    ("FRM Displacement", "Displacement in "),
    ("FRM Track", "Links of "),
    ("FRM Intensity Histogram", "2D histogram"),
)


def pair_of(imp):
    """The image and the same moved, as two frames."""
    stack, moved = ImageStack(), imp.getProcessor().duplicate()
    moved.translate(3, 2)
    stack.addSlice(imp.getProcessor())
    stack.addSlice(moved)
    pair = ImagePlus("pair.tif", stack)
    pair.setDimensions(1, 1, 2)
    pair.setCalibration(imp.getCalibration().copy())
    pair.show()
    return pair


def use_command(command, begins, imp, folder):
    """Choose a command, press OK in its dialog, and save what it shows."""
    before = list(WindowManager.getIDList())
    WindowManager.setCurrentWindow(imp.getWindow())
    Thread.sleep(500)
    IJ.doCommand(command)
    press(wait_for("the dialog", lambda: titled(command))[0])

    def shown():
        windows = visible(TextWindow) + [
            WindowManager.getImage(number) for number in WindowManager.getIDList()
        ]
        return [each for each in windows if each.getTitle().startswith(begins)]

    (result,) = wait_for("what %s shows" % command, shown)
    path = os.path.join(folder, command)
    Thread.sleep(500)
    if isinstance(result, TextWindow):
        save(path + ".txt", result.getTextPanel().getText())
    else:
        IJ.saveAsTiff(result, path + ".tif")
    for each in visible(TextWindow):
        each.close(False)
    for number in WindowManager.getIDList():
        if number not in before:  # else it would be the next command's active image
            WindowManager.getImage(number).changes = False
            WindowManager.getImage(number).close()


def predict(window, field, folder):
    """Choose FRM Predict for a field, press OK, and keep what the recorder wrote."""
    for each in [WindowManager.getImage(n) for n in WindowManager.getIDList()]:
        each.changes = False
        each.close()
    imp = IJ.openImage(field)
    imp.show()
    WindowManager.setCurrentWindow(imp.getWindow())
    Thread.sleep(500)
    recorder = Recorder()
    recorder.setLocation(900, 700)
    IJ.doCommand("FRM Predict")
    press(wait_for("the dialog", lambda: titled("FRM Predict"))[0])
    title = "Prediction of " + imp.getTitle()
    result = wait_for("the prediction", lambda: WindowManager.getImage(title))
    wait_for("the record", lambda: "FRM Predict" in recorder.getText())
    save(os.path.join(folder, "predicted.ijm"), recorder.getText())
    recorder.close()
    show_prediction(window, imp, result, os.path.join(folder, "fiji-predict.png"))


def main(image, field, folder):
    """Menu, dialog, results and tuning under the recorder; then replay what it wrote."""
    window, imp = start(image)
    names = sorted(each for each in Menus.getCommands().keySet() if each[:4] == "FRM ")
    save(os.path.join(folder, "commands.txt"), "\n".join(names))
    shown, title = imp.getWindow(), imp.getTitle()
    show_menu(window, [shown], os.path.join(folder, "fiji-menu.png"))
    recorder = Recorder()
    recorder.setLocation(900, 700)
    WindowManager.setCurrentWindow(shown)
    use_dialog(2.0, "Li", os.path.join(folder, "fiji-dialog.png"))
    labels, table = wait_for("the results", lambda: results_of(title))
    labels.setLocation(shown.getX() + shown.getWidth() + 10, shown.getY())
    table.setBounds(labels.getX() + labels.getWidth() + 10, shown.getY(), 640, 262)
    window.toFront()
    picture(os.path.join(folder, "fiji-nuclei.png"), [window, shown, labels, table])
    recorded = recorder.getText()
    save(os.path.join(folder, "recorded.ijm"), recorded)
    save(os.path.join(folder, "first.txt"), table.getTextPanel().getText())
    close_results(labels, table, shown)
    written = "output_folder=[%s]" % os.path.join(folder, "replayed").replace("\\", "/")
    IJ.runMacro(recorded.replace("output_folder=", written))
    labels, table = wait_for("the results again", lambda: results_of(title))
    save(os.path.join(folder, "second.txt"), table.getTextPanel().getText())
    close_results(labels, table, shown)
    previewed = tune(imp, os.path.join(folder, "fiji-tune.png"))
    table = wait_for("the tuned results", lambda: results_of(title))[1]
    save(os.path.join(folder, "previewed.txt"), str(previewed))
    save(os.path.join(folder, "tuned.txt"), table.getTextPanel().getText())
    save(os.path.join(folder, "tuned.ijm"), recorder.getText()[len(recorded) :])
    close_results(WindowManager.getImage("Labels of " + title).getWindow(), table, shown)
    imp.setRoi(Line(20, 30, 200, 300))
    for command, begins in ON_THE_IMAGE:
        use_command(command, begins, imp, folder)
    imp.deleteRoi()
    pair = pair_of(imp)
    IJ.saveAsTiff(pair.duplicate(), os.path.join(folder, "pair.tif"))
    for command, begins in ON_THE_PAIR:
        use_command(command, begins, pair, folder)
    recorder.close()
    predict(window, field, folder)


try:
    main(*sys.argv[1:])
except:  # noqa: E722  (windows would keep Java alive)
    traceback.print_exc()
    System.exit(1)
System.exit(0)
