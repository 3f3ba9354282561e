"""A job's name, its client, and how it is."""

from __future__ import annotations

from pathlib import Path

import pytest

from frm_bridge.doors.answer import Answer
from frm_bridge.doors.job import Job, check_name, client_of
from frm_bridge.doors.request import Request
from frm_bridge.errors import InputError

REQUEST = Request("predict", Path("/a.tif"), Path("/b.tif"), model="m")


@pytest.mark.parametrize("name", ["a", "ij1700000000000-3", "A_b-c-9", "x" * 64])
def test_letters_digits_hyphens_and_underscores_name_a_job(name: str) -> None:
    check_name(name)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "../server",
        "..",
        "/etc/passwd",
        r"..\server",
        r"C:\x",
        "a.txt",
        "a\n",
        "a b",
        "é",
        "a%2Fb",
        "x" * 65,
        "\0",
    ],
)
def test_what_could_lead_out_of_the_folder_of_requests_names_none(name: str) -> None:
    with pytest.raises(InputError) as caught:
        check_name(name)
    assert caught.value.code == "E_JOB_NAME"
    assert caught.value.message == f"{name!r} is no name of a job"
    assert caught.value.fix == "take up to 64 letters, digits, - and _"


def test_the_client_is_what_stands_before_the_last_hyphen() -> None:
    assert client_of("ij17-3") == "ij17"
    assert client_of("a-b-3") == "a-b"
    assert client_of("alone") == client_of("alone-1") == "alone"


def test_a_job_tells_macros_and_programs_how_it_is() -> None:
    job = Job("ij-1", REQUEST)
    assert job.lines == ["RUN 0 0 waiting for its turn"]
    job.state = "running"
    assert job.lines == ["RUN 0 0 working"]
    job.done, job.total = 3, 8
    assert job.lines == ["RUN 3 8 window 3 of 8"]
    assert job.as_json() == {
        "job": "ij-1",
        "state": "running",
        "done": 3,
        "total": 8,
        "text": "window 3 of 8",
        "answer": None,
    }
    job.cancelled = "its client cancelled it"
    assert job.lines == ["RUN 3 8 cancelling"]
    job.answer = Answer("ok", outputs=(Path("/b.tif"),), warnings=("a | b\nc",))
    job.state = "done"
    assert job.lines == ["WARN a / b c", f"OK {Path('/b.tif')}"]
    assert job.as_json()["answer"]["outputs"] == [str(Path("/b.tif"))]
    assert job.as_json()["text"] == "done"
