"""Run a Jython script with bound ``#@`` parameters in the ImageJ that runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from frm_bridge.imagej.gateway import ImageJ
    from frm_bridge.imagej.parameters import Value


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
    return _run_fiji(imagej.context, script, source, values)


def _run_embedded(
    script: Path, source: str, values: Mapping[str, Value], library: Path
) -> str:
    """Run in a fresh namespace; imported modules stay loaded from run to run."""
    from scyjava import jimport

    output = jimport("java.io.StringWriter")()
    interpreter = jimport("org.python.util.PythonInterpreter")()
    interpreter.setOut(output)
    interpreter.setErr(output)
    # Compiled modules would land beside the scripts, in the installed package.
    interpreter.exec_("import sys; sys.dont_write_bytecode = True")
    _put_on_path(interpreter, library)
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


def _put_on_path(interpreter: Any, library: Path) -> None:
    interpreter.set("frm_library", str(library))
    interpreter.exec_(
        "if frm_library not in sys.path: sys.path.insert(0, frm_library)\n"
        "del frm_library"
    )


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
    context: Any, script: Path, source: str, values: Mapping[str, Value]
) -> str:
    """Run as SciJava runs a menu command, with the error text caught."""
    from scyjava import jimport

    output = jimport("java.io.StringWriter")()
    info = jimport("org.scijava.script.ScriptInfo")(
        context.getContext(), script.name, jimport("java.io.StringReader")(source)
    )
    module = info.createModule()
    module.setOutputWriter(output)
    module.setErrorWriter(output)
    inputs = jimport("java.util.HashMap")()
    for name, value in values.items():
        inputs.put(name, _to_java(value))
    try:
        context.module().run(module, True, inputs).get()
    except jimport("java.util.concurrent.ExecutionException") as error:
        return f"{output}{error.toString()}"
    return str(output.toString())
