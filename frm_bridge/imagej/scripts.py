"""Run a Jython script with bound ``#@`` parameters in the ImageJ that runs."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from frm_bridge.imagej.gateway import ImageJ
    from frm_bridge.imagej.parameters import Value

# Compiled modules would land beside the scripts, in the installed package.
_PREPARATION = """\
import sys
sys.dont_write_bytecode = True
if frm_library not in sys.path: sys.path.insert(0, frm_library)
del frm_library
"""
# What Java adds below a Jython error, which has said it all.
_JAVA_TRACE = re.compile(r"\tat |\t\.\.\. \d+ more|Caused by: |$")
# Jython refuses it where the text has been read already.
_CODING = re.compile(r"\A((?:#.*\n)?#.*?)coding(?=[:=])")


def run_script(
    imagej: ImageJ, script: Path, values: Mapping[str, Value], *, library: Path
) -> str:
    """Run a script and give what it printed, with its traceback if it failed.

    NB: Fiji swallows errors and a script may end at any point: what it did is in its
    ``result.json``, never in the way this function returns.

    Parameters
    ----------
    imagej : ImageJ
        From ``start_imagej``.
    script : Path
        The Jython file.
    values : mapping
        One value for each ``#@`` line.
    library : Path
        The folder to find imports in.

    Returns
    -------
    str
        Printed text and traceback.
    """
    source = script.read_text(encoding="utf-8")
    if imagej.kind == "embedded":
        return _run_embedded(script, source, values, library)
    return _run_fiji(imagej.context, script, source, values, library)


def _run_embedded(
    script: Path, source: str, values: Mapping[str, Value], library: Path
) -> str:
    """Run in a fresh namespace; imported modules stay loaded from run to run."""
    from scyjava import jimport

    output = jimport("java.io.StringWriter")()
    interpreter = jimport("org.python.util.PythonInterpreter")()
    interpreter.setOut(output)
    interpreter.setErr(output)
    interpreter.set("frm_library", str(library))
    interpreter.exec_(_PREPARATION)
    for name, value in values.items():
        interpreter.set(name, _to_java(value))
    interpreter.set("__file__", str(script))
    stream = jimport("java.io.ByteArrayInputStream")(source.encode("utf-8"))
    try:
        interpreter.execfile(stream, script.name)
    except jimport("org.python.core.PyException") as error:
        return f"{output}{error.toString()}"
    finally:
        interpreter.close()
    return str(output.toString())


def _to_java(value: Value) -> Any:
    """Box a value as the ``#@`` types do: Integer, not the Long of a Python int."""
    from scyjava import jimport

    if isinstance(value, bool):
        return jimport("java.lang.Boolean")(value)
    if isinstance(value, int):
        return jimport("java.lang.Integer")(value)
    if isinstance(value, float):
        return jimport("java.lang.Double")(value)
    return jimport("java.lang.String")(value)


def _run_fiji(
    context: Any, script: Path, source: str, values: Mapping[str, Value], library: Path
) -> str:
    """Run as SciJava runs a menu command, with the error text caught."""
    from scyjava import jimport

    output = jimport("java.io.StringWriter")()
    inputs = jimport("java.util.HashMap")()
    for name, value in values.items():
        inputs.put(name, _to_java(value))
    try:
        info = jimport("org.scijava.script.ScriptInfo")(
            context.getContext(),
            script.name,
            jimport("java.io.StringReader")(_CODING.sub(r"\1", source)),
        )
        # NB: .py may also mean CPython in a Fiji.
        info.setLanguage(context.script().getLanguageByName("jython"))
        # NB: info.createModule() gives a module without services: it cannot end.
        module = context.module().createModule(info)
        module.setOutputWriter(output)
        module.setErrorWriter(output)
        module.getEngine().put("frm_library", str(library))
        module.getEngine().eval(_PREPARATION)
        context.module().run(module, True, inputs).get()
    except jimport("java.lang.Throwable") as error:
        return f"{output}{error.toString()}"
    return _end_at_error(str(output.toString()))


def _end_at_error(text: str) -> str:
    """Leave out the Java trace below an error: its own words are the last line."""
    lines = text.splitlines()
    while lines and _JAVA_TRACE.match(lines[-1]):
        lines.pop()
    return "".join(f"{line}\n" for line in lines)
