"""What a macro line says in a Fiji, where SciJava would ask for the rest.

SciJava asks in a dialog for each parameter that a macro leaves out, and knows no old
names. A script whose first parameter has ``initializer="run"`` is run twice: before the
dialog, when it fills in the module here and does no more, and then as usual.
"""
from __future__ import absolute_import, division

import difflib
import re

from ij import IJ, Macro
from java.lang import Thread

from frm import active

_RENAMED = re.compile(r"^# was: (\w+)=(\w+)$", re.MULTILINE)
_READ = {"Integer": int, "Double": float, "Boolean": lambda text: text == "true"}


def is_asked_first():
    """Whether SciJava runs the script before its dialog."""
    return any(
        each.getMethodName() == "initialize"
        and each.getClassName() == "org.scijava.module.AbstractModule"
        for each in Thread.currentThread().getStackTrace())


def fill_in(script):
    """Give what a macro line leaves out its default, and what it calls by an old name
    the value; ``script`` are the script's globals.

    What cannot be read is left to the dialog, which says what it wants.
    """
    options = Macro.getOptions()
    if not IJ.isMacro() or options is None:
        return
    module = script["org.scijava.script.ScriptModule"]
    old = _old_names(module.getInfo().getProcessedScript())
    for item in module.getInfo().inputs():
        name = item.getName()
        if module.isInputResolved(name) or Macro.getValue(options, name, None) is not None:
            continue
        text = Macro.getValue(options, old.get(name, name), None)
        if text is not None:
            try:
                module.setInput(name, _READ.get(item.getType().getSimpleName(), unicode)(text))
            except ValueError:
                continue
        module.resolveInput(name)


def forget():
    """Let the macro line answer no more dialogs: ImageJ would not show its own of an error.

    NB: the line is kept by the macro's thread, where Macro.setOptions() changes this one.
    """
    lines = active.private(Macro, "table")
    for thread in active.callers() + [Thread.currentThread()]:
        lines.remove(thread)


def unknown_key(known):
    """A key of the macro line that is none of those known, and its fix; or None."""
    for key in _keys(Macro.getOptions() or u"" if IJ.isMacro() else u""):
        if key not in known:
            alike = difflib.get_close_matches(key, known, 1)
            return key, u"write " + (alike[0] if alike else u"one of " + u", ".join(known))
    return None


def keys_of(script):
    """What a macro line may name; ``script`` are the script's globals."""
    info = script["org.scijava.script.ScriptModule"].getInfo()
    names = [item.getName() for item in info.inputs()]
    return names + _old_names(info.getProcessedScript()).values()


def _keys(options):
    """The keys of a macro line; a value in [brackets] holds spaces."""
    words, depth = [u""], 0
    for sign in options:
        depth = max(0, depth + (sign == "[") - (sign == "]"))
        if sign.isspace() and not depth:
            words.append(u"")
        else:
            words[-1] += sign
    return [word.partition("=")[0] for word in words if word]


def _old_names(source):
    """For each renamed parameter what it was called."""
    return dict((new, old) for old, new in _RENAMED.findall(source))
