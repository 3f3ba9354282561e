"""What a door gives back: an answer, whatever happened."""

from __future__ import annotations

import errno
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from frm_bridge.errors import FrmError

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of a request.

    Attributes
    ----------
    status : {"ok", "error"}
        How it ended.
    code, message, fix : str
        Of an error. Otherwise the message is what came out, in one sentence, where
        there is one to say (not of an analysis), and the others are empty.
    outputs : tuple of Path
        The result first (the TIFF of a prediction, the folder of an analysis, the
        report of a comparison, the table of a split), then the other files.
    provider : str
        What really ran: ONNX Runtime's name of the device, or ImageJ and its version.
    seconds : float
        From the request to the answer.
    windows : int
        How many were predicted; 0 where nothing was.
    model_sha256 : tuple of str
        One for each model.
    warnings : tuple of str
        What a reader of the result should know.
    """

    status: Literal["ok", "error"]
    code: str = ""
    message: str = ""
    fix: str = ""
    outputs: tuple[Path, ...] = ()
    provider: str = ""
    seconds: float = 0.0
    windows: int = 0
    model_sha256: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def line(self) -> str:
        """``OK path``, or ``ERR CODE message | fix``: one line for a macro."""
        if self.status == "ok":
            return f"OK {self.outputs[0]}"
        return f"ERR {self.code} {_flat(self.message)} | {_flat(self.fix)}"

    @property
    def lines(self) -> list[str]:
        """All of it for a macro: WARN, FILE and SAY lines, and `line` last."""
        return [
            *(f"WARN {_flat(text)}" for text in self.warnings),
            *(f"FILE {path}" for path in self.outputs[1:]),
            *([f"SAY {_flat(self.message)}"] if self._says else []),
            self.line,
        ]

    @property
    def _says(self) -> bool:
        return self.status == "ok" and bool(self.message)

    def as_json(self) -> dict[str, Any]:
        """Give all of it in types that JSON has."""
        return asdict(self) | {"outputs": [str(path) for path in self.outputs]}

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> Answer:
        """Read what `as_json` gave."""
        lists = {name: tuple(content[name]) for name in ("model_sha256", "warnings")}
        outputs = tuple(Path(each) for each in content["outputs"])
        return cls(**{**content, **lists, "outputs": outputs})


def answer_of(error: BaseException, *, seconds: float = 0.0) -> Answer:
    """Give the answer that tells of a failure, also of one that nobody foresaw."""
    if isinstance(error, FrmError):
        code, message, fix = error.code, error.message, error.fix
    elif isinstance(error, KeyboardInterrupt):
        code, message = "E_STOPPED", "it was stopped; nothing half-written was left"
        fix = "ask again"
    elif isinstance(error, OSError) and error.errno:
        code, message = "E_SYSTEM", f"the system does not allow it: {error}"
        fix = (
            "give a shorter name"
            if error.errno == errno.ENAMETOOLONG
            else "see whether the disk, or the share, is still there, and whether you "
            "may read and write there"
        )
    else:
        code, message = "E_INTERNAL", f"{type(error).__name__}: {error}"
        fix = (
            "this is a fault of frm_bridge; ask again with FRM_BRIDGE_DEBUG=1 in the "
            "environment and report what it prints"
        )
    return Answer("error", code, message, fix, seconds=seconds)


def _flat(text: str) -> str:
    """Write in one line, without what separates message and fix."""
    return " ".join(text.split()).replace(" | ", " / ")
