"""Parameters as people write them: in one line of a dialog or a macro, or in a file."""

from __future__ import annotations

import re
from pathlib import Path

from frm_bridge.errors import InputError
from frm_bridge.imagej.parameters import read_parameters

# In brackets, as ImageJ does it, a value may have spaces.
_SETTING = re.compile(r"\s*(\w+)=(?:\[([^\]]*)\]|(\S*))(?=\s|$)")


def read_settings(text: str) -> dict[str, object]:
    """Read parameters from one line.

    Parameters
    ----------
    text : str
        ``blur_sigma_px=2 own_note=[with spaces]``, or the path of a JSON file, as a
        ``result.json`` of an earlier run; nothing for none.

    Returns
    -------
    dict of str to object
        Texts, or what the JSON says.

    Raises
    ------
    InputError
        ``E_REQUEST`` or ``E_PARAMETERS_FILE``.
    """
    if text.lower().strip().endswith(".json") and not _SETTING.match(text):
        return dict(read_parameters(Path(text.strip())))
    found: dict[str, object] = {}
    place = 0
    while text[place:].strip():
        match = _SETTING.match(text, place)
        if match is None:
            rest = f"{text[place:].strip()!r} is no name=value"
            raise _wrong(rest)
        if match[1] in found:
            twice = f"{match[1]} is given twice"
            raise _wrong(twice)
        found[match[1]] = match[3] if match[2] is None else match[2]
        place = match.end()
    return found


def _wrong(found: str) -> InputError:
    return InputError(
        "E_REQUEST",
        f"the parameters cannot be used: {found}",
        "for example: blur_sigma_px=2 threshold_method=Li, or the path of a JSON file",
    )
