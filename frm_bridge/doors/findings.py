"""What a check found: whether it works, and the fix where it does not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of a report.

    Attributes
    ----------
    part : str
        What was looked at.
    state : {"ok", "note", "missing", "fault"}
        Only a fault is in the way of what is needed.
    found : str
        What is there.
    fix : str
        What to do about it; empty where there is nothing to do.
    """

    part: str
    state: Literal["ok", "note", "missing", "fault"]
    found: str
    fix: str = ""
