"""The ``#@`` lines of a script, read where SciJava does not run it.

They stay the one declaration of the parameters: a window made of them has each label,
limit and choice of the script's own dialog.
"""
from __future__ import absolute_import, division

import codecs
import os
import re

import frm
from frm.results import Problem

PATHS = ("image_path", "output_folder")
_LINE = re.compile(r"#@\s*(\w+)\s+(\w+)\s*\((.*)\)\s*$")
_ATTRIBUTE = re.compile(r'(\w+)\s*=\s*(\{[^}]*\}|"(?:[^"\\]|\\.)*"|[^,"\s]+)\s*(?:,|$)')
# From lib/frm, or jars/Lib/frm in a Fiji.
_PLACES = (os.path.join("..", ".."), os.path.join("..", "..", "..", "scripts"))


class Declared(object):
    """One parameter: name, kind (String, Integer, Double, Boolean), default, and so on."""

    def __init__(self, kind, name, attributes):
        self.kind, self.name = kind, name
        self.label = attributes.get("label", name)
        self.description = attributes.get("description", "")
        self.choices = re.findall('"([^"]*)"', attributes.get("choices", ""))
        self.minimum, self.maximum = [
            float(attributes[key]) if key in attributes else None for key in ("min", "max")]
        self.default = self._typed(attributes["value"])

    def _typed(self, text):
        if self.kind == "Boolean":
            return text == "true"
        if self.kind == "Integer":
            return int(text)
        return float(text) if self.kind == "Double" else text

    def problem(self, value):
        """Why a number may not be, or None."""
        low, high = self.minimum, self.maximum
        if self.kind not in ("Double", "Integer"):
            return None
        if value != value:
            return "%s is no number" % self.label
        if low is not None and value < low:
            return "%s: %g is less than %g" % (self.label, value, low)
        if high is not None and value > high:
            return "%s: %g is more than %g" % (self.label, value, high)
        return None


def script_of(command):
    """The file of a command, as ``FRM Nuclei``, that lies beside this library."""
    name = os.path.join("Plugins", "FRM", command.replace(" ", "_") + ".py")
    paths = [os.path.normpath(os.path.join(frm.folder(), place, name)) for place in _PLACES]
    for path in paths:
        if os.path.isfile(path):
            return path
    raise Problem("the script of %s is neither at %s: install the FRM commands again"
                  % (command, " nor at ".join(paths)))


def parameters_of(command):
    """What a command declares, without the two paths, in its order."""
    with codecs.open(script_of(command), "r", "utf-8") as source:
        found = [_LINE.match(line) for line in source]
    declared = [Declared(match.group(1), match.group(2), _attributes(match.group(3)))
                for match in found if match]
    return [one for one in declared if one.name not in PATHS]


def _attributes(text):
    return dict((name, value[1:-1] if value.startswith('"') else value)
                for name, value in _ATTRIBUTE.findall(text))
