"""The FRM commands for plain ImageJ: macros made of the scripts' own ``#@`` lines.

Plain ImageJ 1.54 can neither run Jython from a menu nor bind ``#@``. A wrapper asks for
the same parameters by the same keys, and hands the active image to Python.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from frm_bridge.doors.dialog import IMAGES, escaped, field, getter, help_text
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

_BEGIN = """\
// {command} for plain ImageJ: {about}
// Made from that script's #@ lines by frm_bridge.doors.wrappers: change them there.
requires("1.54i");
{before}Dialog.create("{command}");
{fields}
Dialog.addHelp("{help}");
Dialog.show();
{values}

{body}
{library}"""

_MEASURE = """\
folder = frmFolder();
title = File.getName(image_path);
named = "";
if (image_path == "") {{
    title = getTitle();
    named = title;
    image_path = folder + "image.tif";
    frmSave("{measures}", image_path);
}}
frmForget(title);
output = output_folder;
if (output == "") output = folder + "results";
lines = frmAsk("{command}", folder, newArray("action=analyze", "workflow={workflow}",
    "input=" + image_path, "output=" + output, "overwrite=true", "door=macro",
    "input_title=" + named,
    {words}));
frmSay("{command}", lines);
frmShow(lines, output + "/", folder, title);
frmDelete(folder);
showStatus("{command}: done");
"""

_REQUEST = """\
{check}folder = frmFolder();
stem = frmStem({first});
{paths}
frmForget("{command}");
lines = frmAsk("{command}", folder, newArray("action={action}", "door=macro",
    {words}));
frmReport("{command}", lines, folder);
frmDelete(folder);
showStatus("{command}: done");
"""

_PREDICT = """\
title = File.getName(image_path);
look = newArray(0);
if (image_path == "") {{
    frmGrey("{command}");
    title = getTitle();
    look = frmLook();
}}
kept = lengthOf(output_folder) > 0;
if (kept) output = frmTarget("{command}", output_folder, title);
folder = frmFolder();
if (!kept) output = folder + "prediction.tif";
named = "";
if (image_path == "") {{
    named = title;
    File.makeDirectory(folder + "of");
    image_path = folder + "of/" + frmStem(title) + ".tif";
    frmSave("channel", image_path);
}}
lines = frmAsk("{command}", folder, newArray("action=predict", "door=macro",
    "input=" + image_path, "input_title=" + named, "output=" + output,
    {words}));
frmSay("{command}", lines);
if (kept) print("{command}: " + output);
frmPrediction(output, title, look, kept);
frmDelete(folder);
showStatus("{command}: done");
"""
# What a request calls otherwise than the menu, and what may name files.
_REQUESTED = {"prediction": "input", "target": "truth", "output_folder": "output"}
_FILES = ("model", "workflow", "parameters", "prediction_image", "roi_file")
_RENAMED = re.compile(r"^# was: (\w+)=(\w+)$", re.MULTILINE)


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
    action = asked_by(script)
    if not action:
        return _measuring(script)
    asked = list(parse_parameters(script.read_text(encoding="utf-8")).values())
    if action == "predict":
        return _predicting(script, asked)
    return _requesting(script, asked, action)


def _measuring(script: Path) -> str:
    """Write the macro of a workflow, which measures the active image."""
    workflow = find_workflow(script)
    declared = list(workflow.declared.values())
    asked = [*declared, parse_parameters(workflow.source)["output_folder"]]
    about = (
        "hands the active image to Python, where the script\n"
        f"// {script.name} runs in an ImageJ of its own, and opens the tables and "
        "labels it made."
    )
    body = _MEASURE.format(
        command=_command(script),
        workflow=workflow.name,
        measures=workflow.measures,
        words=_words(declared),
    )
    return _macro(script, asked, about, body, takes_image=True)


def _predicting(script: Path, asked: Sequence[Parameter]) -> str:
    """Write the macro of the command that predicts from the active image."""
    fields = [each for each in asked if each.name != "image_path"]
    about = (
        f"hands the active image to Python, as the\n// script {script.name} does in a "
        "Fiji, and opens what comes back."
    )
    words = _words([each for each in fields if each.name != "output_folder"])
    body = _PREDICT.format(command=_command(script), words=words)
    return _macro(script, fields, about, body, takes_image=True)


def _requesting(script: Path, asked: Sequence[Parameter], action: str) -> str:
    """Write the macro of a command that hands images, or their paths, to Python."""
    command = _command(script)
    images = [each.name for each in asked if each.name in IMAGES]
    wanted = "folder" if action == "split" else "file"
    paths = [
        f"{name}_title = {name};\n"
        f'{name} = frmPath("{command}", "{name}", {name}, folder, stem, "{wanted}");\n'
        f'if (!startsWith({name}, folder)) {name}_title = "";'
        for name in images
    ]
    titles = [
        f'"{_REQUESTED.get(name, name)}_title=" + {name}_title' for name in images
    ]
    check = ""
    if action == "split":  # nobody would find tiles among temporary files
        check = f'frmNeed("{command}", "output_folder", output_folder);\n'
    paths.append(f'output_folder = frmOutput("{command}", output_folder);')
    body = _REQUEST.format(
        command=command,
        action=action,
        first=images[0],
        check=check,
        paths="\n".join(paths),
        words=",\n    ".join((*titles, _words(asked))),
    )
    about = f"asks Python, as the script {script.name} does in a Fiji."
    return _macro(script, asked, about, body)


def _macro(
    script: Path,
    asked: Sequence[Parameter],
    about: str,
    body: str,
    *,
    takes_image: bool = False,
) -> str:
    """Write a macro that asks for parameters, does its work, and brings the library."""
    command = _command(script)
    hidden = ["image_path"] if takes_image else []
    before = _reading(script, [*hidden, *(each.name for each in asked)])
    if takes_image:
        before += f'image_path = frmImage("{command}");\n'
    place = f'output_folder = frmPlace("{command}", output_folder);'
    library = shipped_folder("fiji_scripts") / "macros" / "frm.ijm"
    return _BEGIN.format(
        command=command,
        about=about,
        before=before,
        fields="\n".join(map(field, asked)),
        values="\n".join(
            [f"{each.name} = {getter(each)};" for each in asked] + [place]
        ),
        help=escaped(help_text(asked)),
        body=body,
        library=library.read_text(encoding="utf-8"),
    )


def _reading(script: Path, keys: Sequence[str]) -> str:
    """Write what becomes of a macro line's keys before the dialog takes them."""
    old_names = renamed_keys(script)
    known = ", ".join(f'"{key}"' for key in [*keys, *(old for old, _ in old_names)])
    lines = [f'frmKeys("{_command(script)}", newArray({known}));\n']
    lines += [f'frmRenamed("{old}", "{new}");\n' for old, new in old_names]
    return "".join(lines)


def _command(script: Path) -> str:
    return script.stem.replace("_", " ")


def _words(parameters: Sequence[Parameter]) -> str:
    """Write the words of a request; a relative path would be another in Python."""
    return ",\n    ".join(
        f'"{_REQUESTED.get(each.name, each.name)}=" + '
        + (f"frmNamed({each.name})" if each.name in _FILES else each.name)
        for each in parameters
    )


def renamed_keys(script: Path) -> list[tuple[str, str]]:
    """Give old and new name of each renamed key, by a script's ``# was: old=new``."""
    return _RENAMED.findall(script.read_text(encoding="utf-8"))


def write_wrappers(folder: Path) -> list[Path]:
    """Write the wrappers of all shipped scripts into a folder, and give the files."""
    make_folder(folder)
    written = []
    for script in (*shipped_scripts().values(), *request_scripts().values()):
        path = folder / f"{script.stem}.ijm"
        write_text(path, wrapper_text(script), overwrite=True)
        written.append(path)
    return written


if __name__ == "__main__":
    write_wrappers(Path(sys.argv[1]))
