"""What a server notes of its work, and what the next one removes after a crash."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from frm_bridge.doors.namedlines import read_named_lines
from frm_bridge.doors.request import Request
from frm_bridge.doors.runtimefile import running_path
from frm_bridge.doors.unfinished import Unfinished, clear_unfinished

if TYPE_CHECKING:
    from collections.abc import Callable

DEAD = 4_000_000


def a_request(output: Path, action: str = "predict") -> Request:
    fields: dict[str, Any] = {
        "predict": {"model": "m"},
        "analyze": {"workflow": "nuclei"},
        "compare": {"workflow": "nuclei", "truth": Path("/t")},
        "split": {"truth": Path("/t")},
    }
    return Request(action, Path("/in"), output, **fields[action])  # type: ignore[arg-type]


def note(*lines: str, owner: int = DEAD) -> None:
    running_path().write_text("\n".join([f"pid={owner}", *lines]))


def make(*paths: Path) -> None:
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("half")


def test_what_is_worked_on_is_noted_and_nothing_else(home: Path) -> None:
    unfinished = Unfinished()
    first, second = a_request(Path("/a/é=.tif")), a_request(Path("/b"), "analyze")
    with unfinished.noted(first):
        with suppress(ZeroDivisionError), unfinished.noted(second):
            assert read_named_lines(running_path()) == {
                "pid": str(os.getpid()),
                "predict 1": str(first.output),
                "analyze 2": str(second.output),
            }
            raise ZeroDivisionError
        assert list(read_named_lines(running_path())) == ["pid", "predict 1"]
    assert list(home.iterdir()) == []


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize(("folder", "stays"), [("frm123", False), ("mine", True)])
def test_what_a_macro_could_not_see_is_removed_with_its_folder(
    folder: str, stays: bool, tmp_path: Path
) -> None:
    output = tmp_path / folder / "prediction.tif"
    make(output.with_name(f".prediction.{DEAD}-0123abcd.partial.tif"))
    note(f"predict 1={output}")
    clear_unfinished()
    assert output.parent.exists() is stays


@pytest.mark.parametrize("name", ["out.tif", "[1] 50% (a).tif", "messung µ"])
def test_only_partial_files_of_the_process_and_the_output_are_removed(
    home: Path, tmp_path: Path, listing: Callable[[Path], Any], name: str
) -> None:
    place = tmp_path / "results"
    output = place / name
    other = f".{output.stem}"
    make(
        output,
        place / f"{other}.{DEAD}-0123abcd.partial{output.suffix}.bak",
        place / f"{other}.{DEAD + 1}-0123abcd.partial{output.suffix}",
        place / f"{other}.{DEAD}0-0123abcd.partial{output.suffix}",
        place / f"{other}.{DEAD}-0123abcd{output.suffix}",
        place / f".x{output.stem}.{DEAD}-0123abcd.partial{output.suffix}",
        place / "sub" / f"{other}.{DEAD}-0123abcd.partial{output.suffix}",
    )
    before = listing(tmp_path / "results")
    make(
        place / f"{other}.{DEAD}-0123abcd.partial{output.suffix}",
        place / f"{other}.{DEAD}-fedc4567.partial{output.suffix}",
        place / f".{name}.{DEAD}-00112233.partial" / "plane.tif",
    )
    note(f"predict 1={output}")
    clear_unfinished()
    assert listing(place) == before
    assert not running_path().exists()


def test_a_link_in_the_place_of_a_partial_file_is_not_followed(
    home: Path, tmp_path: Path
) -> None:
    make(tmp_path / "kept" / "image.tif")
    link = tmp_path / f".out.{DEAD}-0123abcd.partial"
    link.symlink_to(tmp_path / "kept", target_is_directory=True)
    home.mkdir()
    note(f"analyze 1={tmp_path / 'out'}")
    clear_unfinished()
    assert not link.is_symlink()
    assert (tmp_path / "kept" / "image.tif").exists()


def test_tiles_of_a_split_that_are_half_written_are_removed(
    home: Path, tmp_path: Path
) -> None:
    output = tmp_path / "tiles"
    half = [
        output / side / f".f_tile00001.{DEAD}-0123abcd.partial.tif"
        for side in ("input", "target")
    ]
    make(*half, output / "input" / "whole.tif")
    home.mkdir()
    note(f"split 1={output}")
    clear_unfinished()
    assert [path for path in output.rglob("*") if path.is_file()] == [
        output / "input" / "whole.tif"
    ]


def test_an_earlier_comparison_is_given_back(home: Path, tmp_path: Path) -> None:
    output = tmp_path / "compared"
    aside = output / f".{DEAD}-0123abcd.earlier"
    others = output / f".{DEAD + 1}-0123abcd.earlier"
    make(aside / "comparison.json", aside / "fields.csv", others / "fields.csv")
    make(output / "fields" / "f1" / ".truth.9-01234567.partial" / "plane.tif")
    home.mkdir()
    note(f"compare 1={output}")
    clear_unfinished()
    assert {path.name for path in output.iterdir()} == {
        "comparison.json",
        "fields.csv",
        others.name,
    }


def test_a_first_comparison_leaves_no_folder(home: Path, tmp_path: Path) -> None:
    output = tmp_path / "compared"
    (output / f".{DEAD}-0123abcd.earlier").mkdir(parents=True)
    make(output / "fields" / "f1" / "truth" / "result.json")
    home.mkdir()
    note(f"compare 1={output}")
    clear_unfinished()
    assert not output.exists()


@pytest.mark.parametrize(
    "content", [b"", b"\xff\x00", b"predict 1=/tmp", b"pid=x\npredict 1=/tmp"]
)
def test_a_broken_note_is_removed(home: Path, content: bytes) -> None:
    home.mkdir()
    running_path().write_bytes(content)
    clear_unfinished()
    assert not running_path().exists()


def test_no_note_and_a_folder_that_is_gone_are_no_fault(
    home: Path, tmp_path: Path
) -> None:
    clear_unfinished()
    note(f"predict 1={tmp_path / 'gone' / 'out.tif'}", "analyze 2=/proc/x/y")
    clear_unfinished()


def test_a_note_that_cannot_be_written_does_not_stop_the_work(home: Path) -> None:
    home.mkdir()
    (home / "running.txt").mkdir()
    with Unfinished().noted(a_request(Path("/a.tif"))):
        worked = True
    assert worked
