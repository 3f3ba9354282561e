"""The active image: that of the macro, also in batch mode.

NB: in batch mode ImageJ keeps the active image by thread, and a Fiji runs a script in
another thread than the macro's, where a window's image would be taken for it.
"""
from __future__ import absolute_import, division

from ij import IJ, WindowManager
from ij.macro import Interpreter
from java.awt import GraphicsEnvironment
from java.lang import Class


def image():
    """The image that a macro line, or a person, means; None without one."""
    by_thread = private(WindowManager, "tempImageTable")
    for thread in callers():
        if by_thread.get(thread) is not None:
            return by_thread.get(thread)
    return WindowManager.getCurrentImage()


def show(imp):
    """Show an image, which is the active one then, for the next line of a macro too."""
    if not GraphicsEnvironment.isHeadless() or IJ.isMacro():
        imp.show()
    if GraphicsEnvironment.isHeadless() or Interpreter.isBatchMode():
        WindowManager.setTempCurrentImage(imp)
        for thread in callers():
            WindowManager.setTempCurrentImage(thread, imp)


def callers():
    """The threads that wait for this one: a Fiji knows them."""
    return list(private(IJ, "_hooks").getThreadAncestors() or [])


def private(kind, name, owner=None):
    """A field, static without an owner; NB: of IJ._hooks Jython would take the method of
    that name."""
    return _field(kind, name).get(owner)


def set_private(kind, name, value):
    """Change a static field."""
    _field(kind, name).set(None, value)


def _field(kind, name):
    field = Class.getDeclaredField(kind, name)
    field.setAccessible(True)
    return field
