"""What an answer says, in the words of whoever asked.

The rooms speak to the command line: "allow it with --overwrite". Who came by another
door has keys instead, ``overwrite=true`` in a macro, and may have handed over a copy of
an image, of whose file nobody but the door knows.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from frm_bridge.doors.request import NAMES, SWITCHES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from frm_bridge.doors.answer import Answer
    from frm_bridge.doors.request import Request

_ALL = ("input", "output", "overwrite")
# For each action the keys that whoever asks can give.
_REQUEST = {
    "predict": (
        *(*_ALL, "model", "device", "require_gpu", "window", "channel"),
        *("match_scale", "match_intensity", "force", "pixel_size_um"),
    ),
    "analyze": (*_ALL, "workflow", "channel", "pixel_size_um", "parameters"),
    "compare": (*_ALL, "workflow", "truth", "min_iou", "pixel_size_um", "parameters"),
    "split": (*_ALL, "truth", "tile", "input_suffix", "target_suffix"),
}
_KEYS: dict[str, dict[str, tuple[str, ...]]] = {
    "program": _REQUEST,
    "python": _REQUEST,
    "macro": {
        "predict": (
            *("image_path", "output_folder", "model", "device", "window"),
            *("require_gpu", "match_scale", "match_intensity", "force", "overwrite"),
        ),
        "analyze": ("image_path", "output_folder"),
        "compare": (
            *("truth", "prediction", "workflow", "parameters", "min_iou"),
            *("pixel_size_um", "overwrite", "output_folder"),
        ),
        "split": (
            *("input", "target", "tile", "input_suffix", "target_suffix"),
            *("overwrite", "output_folder"),
        ),
    },
    "appose": {
        "predict": (
            *("dtype", "window", "device", "require_gpu", "pixel_size_um"),
            *("match_scale", "match_intensity", "force"),
        ),
    },
}
# An option of the command line, and what a door may call it.
_OTHERWISE = {
    "output": ("output_folder",),
    "input": ("image_path",),
    "prediction": ("input",),
    "target": ("truth",),
    "pixel_size": ("pixel_size_um",),
}
_OF_WORKFLOWS = ("slices_are_frames",)  # options that are a workflow's parameters
_YES = (*SWITCHES, *_OF_WORKFLOWS)
_WORDS = "auto|cuda|openvino|cpu|uint16|float32|exact|paper"
_OPTION = re.compile(rf"(?<![\w-])--([a-z]+(?:-[a-z]+)*)(?: (\d[\d.]*|{_WORDS})\b)?")
_SETTING = re.compile(r"(?<![\w-])--set (\w+)=(\S+)")


@dataclass(frozen=True, slots=True)
class Wording:
    """Whose words are spoken.

    Attributes
    ----------
    door : {"program", "macro", "python", "appose"}
        Who asks: by a request's own fields, by an FRM command, by `Client`, or by
        ``frm.predict`` in a task of Appose.
    action : str
        What was asked for.
    """

    door: str
    action: str

    def of(self, text: str) -> str:
        """Give a text in which the options are what this door calls them."""
        unknown = 0

        def spoken(option: re.Match[str]) -> str:
            nonlocal unknown
            name, value = option[1].replace("-", "_"), option[2]
            if name in _OF_WORKFLOWS and self.action in ("analyze", "compare"):
                return self._parameter(name, self._yes)
            key = self._key(name)
            if key is None:
                unknown = option.end(1)
                return option[0]
            if name in _YES:
                value = self._yes
            elif value and self._is_python and not value[0].isdigit():
                value = f'"{value}"'
            if self.door == "python" and value and key not in NAMES:
                return self._parameter(key, value)
            return f"{key}={value}" if value else key

        text = _SETTING.sub(lambda each: self._parameter(each[1], each[2]), text)
        known = _OPTION.sub(spoken, text)
        if not unknown:
            return known
        # Only the command line has it: that is said once, behind the last of them.
        head, tail = text[:unknown], text[unknown:]
        command = "pairs" if self.action == "split" else self.action
        known = _OPTION.sub(spoken, head) + f" of 'frm-bridge {command}'"
        return known + _OPTION.sub(spoken, tail)

    def answer(self, answer: Answer) -> Answer:
        """Give an answer in these words."""
        return replace(
            answer,
            message=self.of(answer.message),
            fix=self.of(answer.fix),
            warnings=tuple(map(self.of, answer.warnings)),
        )

    @property
    def _is_python(self) -> bool:
        return self.door in ("python", "appose")

    @property
    def _yes(self) -> str:
        return "True" if self._is_python else "true"

    def _key(self, name: str) -> str | None:
        keys = _KEYS[self.door].get(self.action, ())
        names = (name, *_OTHERWISE.get(name, ()))
        return next((each for each in names if each in keys), None)

    def _parameter(self, name: str, value: str) -> str:
        """Give how a parameter of the workflow is said."""
        if self._is_python:
            return f'parameters={{"{name}": {value}}}'
        if self.door == "macro" and self.action == "compare":
            return f"parameters=[{name}={value}]"
        return f"{name}={value}"


def worded(answer: Answer, request: Request) -> Answer:
    """Give an answer in the words of whoever asked, and with the images' titles."""
    spoken = Wording(request.door, request.action).answer(answer)
    titles = _titles(request)
    return replace(
        spoken,
        message=_titled(spoken.message, titles),
        fix=_titled(spoken.fix, titles),
        warnings=tuple(_titled(each, titles) for each in spoken.warnings),
    )


def _titles(request: Request) -> dict[str, str]:
    """Give the title for each path, and name, of a copy."""
    paths: dict[str, str] = {}
    names: dict[str, set[str]] = {}
    copies = [(request.input, request.input_title)]
    if request.truth is not None:
        copies.append((request.truth, request.truth_title))
    for path, title in copies:
        if title:
            files = sorted(path.iterdir()) if path.is_dir() else [path]
            paths |= {str(each): title for each in (*files, path)}
            for file in files:
                names.setdefault(file.name, set()).add(title)
    # Copies of a pair may have one name: it then stands for the pair.
    return paths | {name: own.pop() for name, own in names.items() if len(own) == 1}


def _titled(text: str, titles: Mapping[str, str]) -> str:
    """Name images by their titles where a text names the files of their copies."""
    if not titles:
        return text
    longest = sorted(titles, key=len, reverse=True)
    found = "|".join(map(re.escape, longest))
    alone = re.compile(rf"(?<![\w./\\-])(?:{found})(?!\w)")
    return alone.sub(lambda each: titles[each[0]], text)
