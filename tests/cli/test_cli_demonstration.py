"""``demo``: the main job on the shipped field."""

from __future__ import annotations


def test_demo_runs_the_main_job_and_says_where_the_report_is(frm, place):
    out = place / "démo"
    ended = frm("demo", "--output", out)
    assert ended.status == 0, ended.err
    lines = ended.out.splitlines()
    assert lines[0].startswith("1/3  predicting ")
    assert lines[-1].endswith(str((out / "report.html").resolve()))
    assert any("on the truth" in line for line in lines)
    assert (out / "report.html").stat().st_size > 100_000
    again = frm("demo", "--output", out)
    assert again.status == 1
    assert "E_OUTPUT_EXISTS" in again.err
