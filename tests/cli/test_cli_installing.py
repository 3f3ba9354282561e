"""``install-fiji``: what is printed, what comes next, and its exit status."""

from __future__ import annotations

import sys

import pytest

import frm_bridge


@pytest.fixture
def fiji(place, lay_out, monkeypatch):
    """A Fiji, and a user's folder of the test's own."""
    monkeypatch.setenv("FRM_BRIDGE_HOME", str(place / "home"))
    return lay_out("fiji", place / "Fiji")


def test_an_install_says_what_was_done_and_what_is_next(frm, fiji):
    ended = frm("install-fiji", fiji)
    assert (ended.status, ended.err) == (0, "")
    assert ended.out.splitlines() == [
        f"frm_bridge {frm_bridge.__version__} is in the Fiji {fiji}",
        f"its commands call {sys.executable}",
        "next: restart Fiji, then Plugins > FRM > FRM Predict",
    ]
    assert frm("install-fiji", fiji, "--python", sys.executable).status == 0


def test_an_install_that_cannot_work_says_so(frm, fiji):
    (fiji / "jars/jython-slim-2.7.4.jar").unlink()
    ended = frm("install-fiji", fiji)
    assert ended.status == 1
    first, _, fault, fix = ended.out.splitlines()
    assert first.endswith(f"is in the Fiji {fiji}")
    assert fault.startswith("FAULT   Jython ")
    assert "Help > Update..." in fix


def test_a_plain_imagej_is_called_so(frm, place, lay_out):
    ended = frm("install-fiji", lay_out("imagej", place / "ImageJ"))
    assert f"is in the plain ImageJ {place / 'ImageJ'}" in ended.out
    assert "next: restart ImageJ, then" in ended.out


def test_a_check_has_a_line_for_each_finding_and_status_1_for_a_fault(frm, fiji):
    ended = frm("install-fiji", fiji, "--check")
    assert ended.status == 1
    assert ended.out.splitlines() == [
        f"FAULT   commands      the Fiji {fiji} has no FRM commands",
        f'{"":22}fix: frm-bridge install-fiji "{fiji}"',
    ]
    frm("install-fiji", fiji)
    ended = frm("install-fiji", fiji, "--check")
    assert ended.status == 0
    assert all(line.startswith("ok      ") for line in ended.out.splitlines())
    (fiji / "jars/Lib/frm/own.py").unlink()
    ended = frm("install-fiji", fiji, "--check")
    assert ended.status == 1
    assert "FAULT   file          jars/Lib/frm/own.py is missing" in ended.out


def test_an_uninstall_says_what_is_left_and_how_to_be_rid_of_it(frm, fiji):
    frm("install-fiji", fiji)
    mine = fiji / "jars/Lib/frm/own.py"
    mine.write_text("mine")
    ended = frm("install-fiji", fiji, "--uninstall")
    assert ended.status == 0
    first, kept, last = ended.out.splitlines()
    assert first.startswith("removed ")
    assert kept == f"kept {mine}: it was changed since it was installed"
    assert last == "to be rid of them too, delete them, and uninstall again"
    mine.unlink()
    ended = frm("install-fiji", fiji, "--uninstall")
    assert ended.out == f"removed 1 files from {fiji}\n"


def test_changed_files_are_replaced_only_with_overwrite(frm, fiji):
    frm("install-fiji", fiji)
    (fiji / "jars/Lib/frm/own.py").write_text("mine")
    ended = frm("install-fiji", fiji)
    assert (ended.status, ended.out) == (1, "")
    assert "error: E_COMMANDS_EDITED" in ended.err
    assert frm("install-fiji", fiji, "--overwrite").status == 0


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ("--check --uninstall", "--check and --uninstall do not go together"),
        ("--check --overwrite", "--check and --overwrite do not go together"),
        ("--uninstall --overwrite", "--uninstall and --overwrite do not"),
        ("--uninstall --python p", "--uninstall and --python do not go together"),
    ],
)
def test_options_that_make_no_sense_together_are_refused(options, said, frm, fiji):
    ended = frm("install-fiji", fiji, *options.split())
    assert (ended.status, ended.out) == (1, "")
    assert f"error: E_OPTION {said}" in ended.err
