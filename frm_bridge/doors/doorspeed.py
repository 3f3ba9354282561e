"""What was measured of the doors, and how it is told."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DoorRow:
    """Warm calls by one door; medians of the rounds.

    Attributes
    ----------
    door : str
        From what to what.
    call_s : float
        As the caller sees it.
    bare_s : float
        ``predict_image`` of the same pixels, with a model that is open, in this
        process.
    more_s : float
        The one minus the other, of the same round.
    rounds : int
        How many.
    """

    door: str
    call_s: float
    bare_s: float
    more_s: float
    rounds: int


@dataclass(frozen=True, slots=True)
class FirstRow:
    """The first call, when no server runs.

    Attributes
    ----------
    door : str
        By what.
    side : int
        Of the square image, in px.
    seconds : float
        To the answer.
    bare_s : float
        ``predict_image`` of the same pixels, with a model that is open.
    """

    door: str
    side: int
    seconds: float
    bare_s: float


@dataclass(frozen=True, slots=True)
class Growth:
    """What a server held after many calls, against what it held after few.

    Attributes
    ----------
    calls, after : int
        Many and few.
    memory : float
        Resident memory, as a ratio.
    files, threads : int
        The difference.
    """

    calls: int
    after: int
    memory: float
    files: int
    threads: int


@dataclass(frozen=True, slots=True)
class DoorsSpeed:
    """All that was measured.

    Attributes
    ----------
    machine : str
        In a few words.
    side : int
        Of the square uint16 image of the warm calls, in px.
    warm : tuple of (str, tuple of DoorRow)
        Of a network that costs next to nothing, and of the model: its name and what it
        ran on, and its calls.
    start_s : float
        From the start of a process ``serve`` until it answers ``/ping``.
    detach_s : float
        From the start of a process ``serve --detach`` to its end, which is what a macro
        waits for.
    first : tuple of FirstRow
        When no server runs.
    growth : Growth
        Of the server.
    missing : tuple of str
        What could not be measured here, and why.
    """

    machine: str
    side: int
    warm: tuple[tuple[str, tuple[DoorRow, ...]], ...]
    start_s: float
    detach_s: float
    first: tuple[FirstRow, ...]
    growth: Growth
    missing: tuple[str, ...] = ()

    def describe(self) -> str:
        """Lay the numbers out for a terminal."""
        lines = [
            self.machine,
            f"a warm call with a {self.side}^2 uint16 image, in ms: medians of rounds "
            "in which all take turns;",
            "bare: predict_image in one process, with the model open; more: than bare, "
            "in the same round",
        ]
        for title, rows in self.warm:
            lines += ["", f"{title:42s}   call   bare   more  rounds"]
            lines += [
                f"  {row.door:40s} {row.call_s * 1e3:6.0f} {row.bare_s * 1e3:6.0f} "
                f"{row.more_s * 1e3:6.0f} {row.rounds:7d}"
                for row in rows
            ]
        lines += ["", f"{'when no server runs, in s':42s}   call   bare   more"]
        for what, seconds in (
            ("process 'serve' to its answer to /ping", self.start_s),
            ("process 'serve --detach' to its end", self.detach_s),
        ):
            lines.append(f"  {what:40s} {seconds:6.2f}")
        for first in self.first:
            what = f"{first.side}^2, {first.door}"
            more = first.seconds - first.bare_s
            lines.append(
                f"  {what:40s} {first.seconds:6.2f} {first.bare_s:6.2f} {more:6.2f}"
            )
        growth = self.growth
        lines += [
            "",
            f"the server after {growth.calls} warm calls, over after {growth.after}:",
            f"  memory x {growth.memory:.3f}, open files {growth.files:+d}, threads "
            f"{growth.threads:+d}",
            *(f"not measured: {reason}" for reason in self.missing),
        ]
        return "\n".join(lines)
