"""The record of the last run in a real Fiji is one of these scripts."""

import importlib.util
import re

import pytest


@pytest.fixture
def fiji_run(request):
    path = request.config.rootpath / "docs" / "fiji_run.py"
    spec = importlib.util.spec_from_file_location("fiji_run", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_scripts_that_need_a_fiji_are_those_that_were_run(fiji_run):
    text = fiji_run.RECORD.read_text(encoding="utf-8")
    recorded = dict(re.findall(r"^\| (fiji_scripts/\S+) \| (\w{16}) \|$", text, re.M))
    now = {
        file.relative_to(fiji_run.ROOT).as_posix(): fiji_run.digest(file)
        for file in fiji_run.scripts_that_need_fiji()
    }
    assert "fiji_scripts/lib/frm/trackmate.py" in now
    assert now == recorded, (
        "these scripts have changed since they were run in a Fiji: "
        "python docs/fiji_run.py FIJI..."
    )


def test_no_test_failed_in_either_trackmate(fiji_run):
    text = fiji_run.RECORD.read_text(encoding="utf-8")
    runs = re.findall(r"^\|.*\| (\d\.\S+) \| \S+ \| ([^|]*) \|$", text, re.M)
    assert {version[0] for version, _ in runs} == {"7", "8"}
    for _, summary in runs:
        assert re.fullmatch(r"\d+ passed", summary)
