"""What a person does who presses Esc in plain ImageJ, done by Jython.

Arguments: the log of the server, and a file for what is found. Started by
test_plain_imagej_server.py.
"""

import os
import sys
import traceback

from ij import IJ, ImageJ, WindowManager
from ij.gui import GenericDialog
from ij.macro import Interpreter
from java.awt import Robot, Window
from java.awt.event import ActionEvent, InputEvent, KeyEvent
from java.lang import System, Thread

LONGEST_WAIT_S = 60


def wait_for(what, look):
    """Wait until ``look()`` gives something."""
    for _ in range(LONGEST_WAIT_S * 20):
        found = look()
        if found:
            return found
        Thread.sleep(50)
    raise RuntimeError("waited in vain for " + what)


def said(log, text):
    if not os.path.exists(log):
        return False
    with open(log) as lines:
        return text in lines.read()


def dialogs():
    return [
        each
        for each in Window.getWindows()
        if isinstance(each, GenericDialog) and each.isShowing()
    ]


def predict(imp):
    """Choose FRM Predict for an image, and press OK."""
    imp.show()
    WindowManager.setCurrentWindow(imp.getWindow())
    IJ.doCommand("FRM Predict")
    ok = wait_for("the dialog", dialogs)[0].getButtons()[0]
    event = ActionEvent(ok, ActionEvent.ACTION_PERFORMED, ok.getLabel())
    ok.getParent().getParent().actionPerformed(event)


def press_escape(window):
    """Click on ImageJ's window, and press Esc."""
    robot, corner = Robot(), window.getLocationOnScreen()
    window.toFront()
    robot.mouseMove(corner.x + 200, corner.y + window.getHeight() - 10)
    robot.mousePress(InputEvent.BUTTON1_DOWN_MASK)
    robot.mouseRelease(InputEvent.BUTTON1_DOWN_MASK)
    robot.delay(200)
    robot.keyPress(KeyEvent.VK_ESCAPE)
    robot.keyRelease(KeyEvent.VK_ESCAPE)


def left():
    """The folders that commands made for themselves."""
    names = os.listdir(System.getProperty("java.io.tmpdir"))
    return [name for name in names if name.startswith("frm1")]


def main(log, file):
    window = ImageJ()
    predict(IJ.createImage("long", "16-bit ramp", 512, 512, 200))
    wait_for("the work", lambda: said(log, "predict begins"))
    press_escape(window)
    wait_for("the macro's end", lambda: Interpreter.getInstance() is None)
    found = [str(len(left())) + " left", WindowManager.getCurrentImage().getTitle()]
    wait_for("the cancelled job", lambda: said(log, "E_CANCELLED"))
    predict(IJ.createImage("short", "16-bit ramp", 64, 64, 1))
    wait_for("it", lambda: WindowManager.getImage("Prediction of short"))
    wait_for("the macro's end", lambda: Interpreter.getInstance() is None)
    found.append(str(len(left())) + " left")
    with open(file, "w") as out:
        out.write("\n".join(found))


try:
    main(*sys.argv[1:])
except:  # noqa: E722  (windows would keep Java alive)
    traceback.print_exc()
    System.exit(1)
System.exit(0)
