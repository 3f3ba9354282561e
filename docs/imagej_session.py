"""What a person does in plain ImageJ, done by Jython, with pictures taken on the way.

Arguments: an image, and a folder for the pictures and for what the recorder wrote.
Started by docs/pictures.py.
"""

from __future__ import absolute_import, division

import os
import sys
import traceback

from ij import IJ, ImageJ, Menus, WindowManager
from ij.gui import GenericDialog
from ij.plugin.frame import Recorder
from ij.text import TextWindow
from java.awt import Rectangle, Robot, Toolkit, Window
from java.awt.event import ActionEvent, InputEvent, KeyEvent
from java.io import File
from java.lang import System, Thread
from javax.imageio import ImageIO

LONGEST_WAIT_S = 60


def wait_for(what, look):
    """Wait until ``look()`` gives something."""
    for _ in range(LONGEST_WAIT_S * 20):
        found = look()
        if found:
            Thread.sleep(300)  # until it is drawn, too
            return found
        Thread.sleep(50)
    raise RuntimeError("waited in vain for " + what)


def visible(kind):
    """The visible windows of a class."""
    return [
        each
        for each in Window.getWindows()
        if isinstance(each, kind) and each.isShowing()
    ]


def picture(path, windows, extra=None):
    """Save the part of the screen that shows these windows."""
    area = Rectangle(windows[0].getBounds())
    for each in windows[1:]:
        area.add(each.getBounds())
    if extra is not None:
        area.add(extra)
    area.grow(8, 8)
    area = area.intersection(Rectangle(Toolkit.getDefaultToolkit().getScreenSize()))
    Thread.sleep(300)
    ImageIO.write(Robot().createScreenCapture(area), "png", File(path))


def move(robot, x, y):
    """Move the mouse as a hand does: menus follow a way, not a jump."""
    robot.mouseMove(x - 2, y)
    robot.delay(60)
    robot.mouseMove(x, y)
    robot.delay(120)


def click(robot):
    robot.mousePress(InputEvent.BUTTON1_DOWN_MASK)
    robot.delay(60)
    robot.mouseRelease(InputEvent.BUTTON1_DOWN_MASK)
    robot.delay(300)


def show_menu(window, image, path):
    """Open Plugins > FRM with the mouse, and take a picture of it."""
    bar, robot = window.getMenuBar(), Robot()
    metrics = window.getFontMetrics(Menus.getFont() or window.getFont())
    labels = [bar.getMenu(i).getLabel() for i in range(bar.getMenuCount())]
    before = labels.index("Plugins")
    menu = bar.getMenu(before)
    items = [menu.getItem(i).getLabel() for i in range(menu.getItemCount())]
    corner, insets = window.getLocationOnScreen(), window.getInsets()
    x = (
        corner.x
        + insets.left
        + 30
        + sum(metrics.stringWidth(label) + 20 for label in labels[:before])
    )
    y = corner.y + insets.top
    move(robot, x, y - 12)
    click(robot)
    above = items[: items.index("FRM")]
    lines = above.count("-")
    move(
        robot, x, y + 10 + (metrics.getHeight() + 2) * (len(above) - lines) + 9 * lines
    )
    click(robot)
    picture(path, [window, image])
    robot.keyPress(KeyEvent.VK_ESCAPE)
    robot.keyRelease(KeyEvent.VK_ESCAPE)
    move(robot, x, y - 12)
    click(robot)


def use_dialog(blur, threshold, path):
    """Choose the command, change two values in its dialog, and press OK."""
    IJ.doCommand("FRM Nuclei")
    dialog = wait_for("the dialog", lambda: visible(GenericDialog))[0]
    dialog.getStringFields()[0].setText(blur)
    dialog.getChoices()[0].select(threshold)
    picture(path, [dialog])
    ok = dialog.getButtons()[0]
    dialog.actionPerformed(ActionEvent(ok, ActionEvent.ACTION_PERFORMED, ok.getLabel()))


def results_of(title):
    """The window of the labels and that of the table, once both are there."""
    table = [
        each for each in visible(TextWindow) if each.getTitle() == "Objects of " + title
    ]
    labels = WindowManager.getImage("Labels of " + title)
    return (labels.getWindow(), table[0]) if table and labels else None


def save(path, text):
    """Write a text."""
    with open(path, "w") as out:
        out.write(text.encode("utf-8"))


def main(image, folder):
    """Menu, dialog and results under the recorder; then replay what it wrote."""
    window, imp = ImageJ(), IJ.openImage(image)
    window.setLocation(20, 40)
    imp.show()
    shown = imp.getWindow()
    shown.setLocation(20, 170)
    show_menu(window, shown, os.path.join(folder, "imagej-menu.png"))
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


try:
    main(*sys.argv[1:])
except:  # noqa: E722  (windows would keep Java alive)
    traceback.print_exc()
    System.exit(1)
System.exit(0)
