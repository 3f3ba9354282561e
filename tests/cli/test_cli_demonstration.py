"""``demo``: the main job on the shipped field."""

from __future__ import annotations

from frm_bridge.errors import EnvironmentProblem


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


def test_a_demo_that_was_cut_short_can_be_given_again(frm, place, monkeypatch):
    def break_off(*_, **__):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("frm_bridge.comparison.compare", break_off)
        assert frm("demo", "--output", place / "demo").status == 130
    assert list((place / "demo" / "prediction").iterdir())
    again = frm("demo", "--output", place / "demo")
    assert again.status == 0, again.err
    page = (place / "demo" / "report.html").read_text(encoding="utf-8")
    assert "This field was kept out of the model" in page


def test_a_demo_without_imagej_leaves_nothing(frm, place, monkeypatch):
    def no_imagej(**_):
        raise EnvironmentProblem("E_NO_JAVA", "no Java", "install one")

    monkeypatch.setattr("frm_bridge.imagej.start_imagej", no_imagej)
    ended = frm("demo", "--output", place / "demo")
    assert (ended.status, ended.out) == (1, "")
    assert not (place / "demo").exists()
