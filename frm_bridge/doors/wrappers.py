"""The FRM commands for plain ImageJ: macros made of the scripts' own ``#@`` lines.

Plain ImageJ 1.54 can neither run Jython from a menu nor bind ``#@``. A wrapper asks for
the same parameters by the same keys, and hands the active image to ``frm-bridge exec``.
"""

from __future__ import annotations

import html
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from frm_bridge.imagej.parameters import parse_parameters
from frm_bridge.imagej.workflows import (
    asked_by,
    find_workflow,
    request_scripts,
    shipped_scripts,
)
from frm_bridge.outputs import make_folder, write_text
from frm_bridge.shipped import shipped_folder

if TYPE_CHECKING:
    from collections.abc import Sequence

    from frm_bridge.imagej import Parameter

_NUMBER_COLUMNS, _TEXT_COLUMNS = 8, 25

_TEMPLATE = """\
// {command} for plain ImageJ: hands the active image to Python, where the script
// {script} runs in an ImageJ of its own, and opens the tables and labels it made.
// Made from that script's #@ lines by frm_bridge.doors.wrappers: change them there.
requires("1.54i");
image_path = frmImage("{command}");
Dialog.create("{command}");
{fields}
Dialog.addHelp("{help}");
Dialog.show();
{values}

python = frmPython("{command}");
folder = frmFolder();
title = File.getName(image_path);
if (image_path == "") {{
    title = getTitle();
    image_path = folder + "image.tif";
    frmSave("{measures}", image_path);
}}
frmForget(title);
output = output_folder;
if (output == "") output = folder + "results";
showStatus("{command}...");
printed = exec(python, "-P", "-m", "frm_bridge.cli", "exec", "--ij", "action=analyze",
    "workflow={workflow}", "input=" + image_path, "output=" + output, "overwrite=true",
    {words});
lines = frmCheck("{command}", printed, folder);
frmShow(lines, output + "/", folder, title);
frmDelete(folder);
showStatus("{command}: done");

{library}"""


_REQUEST = """\
// {command} for plain ImageJ: asks Python, as the script {script} does in a Fiji.
// Made from that script's #@ lines by frm_bridge.doors.wrappers: change them there.
requires("1.54i");
Dialog.create("{command}");
{fields}
Dialog.addHelp("{help}");
Dialog.show();
{values}

{check}python = frmPython("{command}");
folder = frmFolder();
stem = frmStem({first});
{paths}
frmForget("{command}");
showStatus("{command}...");
printed = exec(python, "-P", "-m", "frm_bridge.cli", "exec", "--ij", "action={action}",
    {words});
lines = frmCheck("{command}", printed, folder);
frmReport("{command}", lines, folder);
frmDelete(folder);
showStatus("{command}: done");

{library}"""
# What a request calls otherwise than the menu, and what names images.
_REQUESTED = {"prediction": "input", "target": "truth", "output_folder": "output"}
_IMAGES = ("truth", "prediction", "input", "target")


def wrapper_text(script: Path) -> str:
    """Write the macro that is a script's command in plain ImageJ.

    Parameters
    ----------
    script : Path
        The Jython script, ``FRM_Nuclei.py``.

    Returns
    -------
    str
        The text of ``FRM_Nuclei.ijm``.
    """
    if asked_by(script):
        return _request_text(script)
    workflow = find_workflow(script)
    declared = list(workflow.declared.values())
    asked = [*declared, parse_parameters(workflow.source)["output_folder"]]
    library = shipped_folder("fiji_scripts") / "macros" / "frm.ijm"
    return _TEMPLATE.format(
        command=script.stem.replace("_", " "),
        script=script.name,
        workflow=workflow.name,
        measures=workflow.measures,
        fields="\n".join(map(_field, asked)),
        values="\n".join(f"{each.name} = {_getter(each)};" for each in asked),
        words=",\n    ".join(f'"{each.name}=" + {each.name}' for each in declared),
        help=_escaped(_help(declared)),
        library=library.read_text(encoding="utf-8"),
    )


def _request_text(script: Path) -> str:
    """Write the macro of a command that hands images, or their paths, to Python."""
    asked = list(parse_parameters(script.read_text(encoding="utf-8")).values())
    command, action = script.stem.replace("_", " "), asked_by(script)
    images = [each.name for each in asked if each.name in _IMAGES]
    wanted = "folder" if action == "split" else "file"
    paths = [
        f'{name} = frmPath("{command}", "{name}", {name}, folder, stem, "{wanted}");'
        for name in images
    ]
    check = ""
    if action == "split":  # nobody would find tiles among temporary files
        check = f'frmNeed("{command}", "output_folder", output_folder);\n'
    else:
        paths.append(f'output_folder = frmOutput("{command}", output_folder);')
    words = (
        f'"{_REQUESTED.get(each.name, each.name)}=" + {each.name}' for each in asked
    )
    library = shipped_folder("fiji_scripts") / "macros" / "frm.ijm"
    return _REQUEST.format(
        command=command,
        script=script.name,
        action=action,
        fields="\n".join(map(_field, asked)),
        values="\n".join(f"{each.name} = {_getter(each)};" for each in asked),
        first=images[0],
        check=check,
        paths="\n".join(paths),
        words=",\n    ".join(words),
        help=_escaped(_help(asked)),
        library=library.read_text(encoding="utf-8"),
    )


def write_wrappers(folder: Path) -> list[Path]:
    """Write the wrappers of all shipped scripts into a folder, and give the files."""
    make_folder(folder)
    written = []
    for script in (*shipped_scripts().values(), *request_scripts().values()):
        path = folder / f"{script.stem}.ijm"
        write_text(path, wrapper_text(script), overwrite=True)
        written.append(path)
    return written


def _field(parameter: Parameter) -> str:
    """Ask for one parameter; the key of a field is its label's first word.

    NB: numbers are asked for as text, since a macro rounds a number to four digits when
    it makes a text of it; and true or false as a choice, since a checkbox takes
    ``fill_holes=true``, which Fiji records, for false.
    """
    label = _quoted(f"{parameter.name}: {parameter.label or parameter.name}")
    default = _quoted(_shown(parameter))
    choices = ("true", "false") if parameter.type is bool else parameter.choices
    if choices:
        array = ", ".join(map(_quoted, choices))
        return f"Dialog.addChoice({label}, newArray({array}), {default});"
    if parameter.name in _IMAGES:  # with a button to browse, and free for a title
        return f"Dialog.addDirectory({label}, {default});"
    columns = _TEXT_COLUMNS if parameter.type is str else _NUMBER_COLUMNS
    return f"Dialog.addString({label}, {default}, {columns});"


def _getter(parameter: Parameter) -> str:
    if parameter.type is bool or parameter.choices:
        return "Dialog.getChoice()"
    if parameter.type is str:
        return f'frmGiven("{parameter.name}", Dialog.getString())'
    return "Dialog.getString()"


def _shown(parameter: Parameter) -> str:
    if parameter.type is bool:
        return str(parameter.default).lower()
    return f"{parameter.default}"


def _help(parameters: Sequence[Parameter]) -> str:
    """Say in HTML what each parameter is."""
    rows = (
        f"<p><b>{each.name}</b> {html.escape(_about(each), quote=False)}"
        for each in parameters
    )
    return f"<html><body width=500>{''.join(rows)}"


def _about(parameter: Parameter) -> str:
    low, high = parameter.minimum, parameter.maximum
    limits = [
        f"{word} {limit:g}"
        for word, limit in (("at least", low), ("at most", high))
        if limit is not None
    ]
    sentences = [parameter.label, parameter.description, ", ".join(limits).capitalize()]
    return " ".join(f"{text.rstrip('.')}." for text in sentences if text)


def _quoted(text: str) -> str:
    return f'"{_escaped(text)}"'


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')


if __name__ == "__main__":
    write_wrappers(Path(sys.argv[1]))
