"""What a session does with the windows of an ImageJ: wait, click, take pictures."""

from __future__ import absolute_import, division

from ij import IJ, Menus, WindowManager
from java.awt import Rectangle, Robot, Toolkit, Window
from java.awt.event import InputEvent, KeyEvent
from java.io import File
from java.lang import Thread
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


def show_menu(window, images, path):
    """Open Plugins > FRM with the mouse, and take a picture of it and of images."""
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
    submenu = Rectangle(window.getBounds())
    submenu.width += 100  # it may reach over the edge of the window
    picture(path, [window] + images, submenu)
    robot.keyPress(KeyEvent.VK_ESCAPE)
    robot.keyRelease(KeyEvent.VK_ESCAPE)
    move(robot, x, y - 12)
    click(robot)


def show_prediction(window, imp, result, path):
    """Take a picture of the menu, and below it of an image beside its prediction."""
    for each, x in ((imp, 20), (result, 386)):
        IJ.run(each, "Set... ", "zoom=16.7")
        each.getWindow().setLocation(x, 440)
    log = WindowManager.getWindow("Log")
    log.setBounds(20, 834, 732, 112)
    window.toFront()
    show_menu(window, [imp.getWindow(), result.getWindow(), log], path)


def save(path, text):
    """Write a text."""
    with open(path, "w") as out:
        out.write(text.encode("utf-8"))
