"""``serve``, ``stop``, ``status``: what a person and an ImageJ read of a server."""

from __future__ import annotations

import json
from urllib.parse import urlsplit

import pytest

from frm_bridge.doors import starting
from frm_bridge.doors.lock import only_server
from frm_bridge.doors.runtimefile import VARIABLE, read_record
from frm_bridge.doors.starting import stop_server


@pytest.fixture
def home(place, monkeypatch):
    """The folder of a server that ends with the test."""
    folder = place / "frm"
    monkeypatch.setenv(VARIABLE, str(folder))
    yield folder
    stop_server()


def test_imagej_starts_it_finds_it_again_and_gets_the_path_of_its_record(
    in_a_process, home
):
    for _ in range(2):
        done = in_a_process("serve", "--detach", "--ij")
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout == f"OK {home / 'server.txt'}\n"
    assert read_record() is not None


def test_a_person_starts_it_looks_at_it_and_ends_it(home, frm):
    assert frm("status").out == "no server runs\n"
    started = frm("serve", "--detach", "--idle-minutes", "3")
    record = read_record()
    assert (started.status, started.err) == (0, "")
    assert started.out == f"serves at {record.url} (process {record.pid})\n"
    looked = frm("status")
    assert looked.status == 0
    lines = dict(line.split(maxsplit=1) for line in looked.out.splitlines())
    assert lines["server"] == f"frm-bridge {record.version}, process {record.pid}"
    assert lines["address"] == record.url
    assert lines["since"].endswith("; ends 3 min after the last request")
    assert lines["jobs"] == "0 running, 0 waiting, 0 done"
    assert lines["models"] == "none open"
    assert record.token not in looked.out
    ended = frm("stop")
    assert (ended.status, ended.out) == (0, f"ended process {record.pid}\n")
    again = frm("stop")
    assert (again.status, again.out) == (0, "no server runs\n")


def test_a_program_reads_its_state_as_json(home, frm):
    none = frm("status", "--json")
    assert (none.status, json.loads(none.out)) == (
        1,
        {"running": False, "silent": False},
    )
    frm("serve", "--detach")
    one = frm("status", "--json")
    facts = json.loads(one.out)
    record = read_record()
    assert (one.status, facts["running"], facts["silent"]) == (0, True, False)
    assert (facts["url"], facts["pid"]) == (record.url, record.pid)
    assert record.token not in one.out


def test_one_that_does_not_answer_is_not_told_as_none(home, frm, monkeypatch):
    monkeypatch.setattr(starting, "_MOMENT_S", 0.0)
    with only_server(lambda: False):
        for command in ("status", "stop"):
            ended = frm(command)
            assert (ended.status, ended.out) == (1, "")
            assert ended.err.startswith("error: E_SERVER_SILENT the server does not")
        state = json.loads(frm("status", "--json").out)
        assert state == {"running": False, "silent": True}


def test_a_port_that_the_running_one_does_not_have_is_told(home, frm):
    frm("serve", "--detach")
    url = read_record().url
    port = urlsplit(url).port
    assert frm("serve", "--detach", "--port", port).status == 0
    other = frm("serve", "--detach", "--port", port - 1)
    assert other.status == 1
    assert f"E_SERVER_RUNS a server of yours runs already, at {url}" in other.err
    assert "fix: end it first, with 'frm-bridge stop'" in other.err


def test_an_end_that_the_running_one_does_not_have_is_told(home, frm):
    frm("serve", "--detach", "--idle-minutes", "4")
    for options in (("--idle-minutes", "4"), ()):
        assert frm("serve", "--detach", *options).status == 0
    found = (
        "E_SERVER_RUNS a server of yours runs already, which ends after 4 min without "
        "a request, not after 90"
    )
    for options in (("--detach",), ()):
        other = frm("serve", *options, "--idle-minutes", "90")
        assert (other.status, other.out) == (1, "")
        assert found in other.err
        assert "fix: end it first, with 'frm-bridge stop'" in other.err
    said = frm("serve", "--detach", "--ij", "--idle-minutes", "90").out
    assert said == f"ERR {found} | end it first, with 'frm-bridge stop'\n"


@pytest.mark.parametrize("detach", [(), ("--detach",), ("--detach", "--ij")])
@pytest.mark.parametrize(
    ("options", "code", "said"),
    [
        (("--port", "70000"), "E_OPTION", "the port is 70000"),
        (("--idle-minutes", "0"), "E_OPTION", "end after 0 s"),
        (("--idle-minutes", "inf"), "E_OPTION", "end after inf s"),
    ],
)
def test_an_option_that_makes_no_sense_is_told(home, frm, detach, options, code, said):
    ended = frm("serve", *detach, *options)
    assert ended.status == 1
    if "--ij" in detach:
        assert ended.err == ""
        assert ended.out.startswith(f"ERR {code} ")
        assert said in ended.out
        assert " | leave --" in ended.out
    else:
        assert ended.out == ""
        assert ended.err.startswith(f"error: {code} ")
        assert said in ended.err


@pytest.mark.parametrize("fault", ["a file", "read only", "relative"])
def test_a_folder_that_cannot_be_its_own_is_told_to_imagej_too(
    fault, frm, place, read_only_folder, monkeypatch, listing
):
    (place / "a file").write_text("")
    named = {"a file": place / "a file", "read only": read_only_folder}
    monkeypatch.setenv(VARIABLE, str(named.get(fault, "somewhere")))
    monkeypatch.chdir(place)
    before = listing(place)
    for options in ((), ("--detach",), ("--detach", "--ij")):
        ended = frm("serve", *options)
        said = ended.out if "--ij" in options else ended.err
        assert ended.status == 1
        assert said.startswith(("error: E_HOME ", "ERR E_HOME "))
        assert VARIABLE in said
        assert ended.out + ended.err == said
    assert listing(place) == before


def test_a_fault_of_ours_is_no_blank_answer_to_imagej(home, frm, monkeypatch):
    def fail(*_):
        raise ZeroDivisionError

    monkeypatch.setattr(starting, "start_server", fail)
    ended = frm("serve", "--detach", "--ij")
    assert (ended.status, ended.err) == (1, "")
    assert ended.out.startswith("ERR E_INTERNAL ZeroDivisionError: ")
