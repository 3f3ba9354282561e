"""The benchmark of ImageJ measures the real thing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from frm_bridge.imagej import benchmark, run_workflow

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_every_number_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "FIRST_SIDE": 128,
        "SIDE": 256,
        "FIELDS": 11,
        "ROUNDS": 1,
    }.items():
        monkeypatch.setattr(benchmark, name, value)
    done: list[int] = []
    speed = benchmark.measure_speed(progress=lambda number, _: done.append(number))
    assert min(speed.first_s, speed.workflow_s, speed.macro_s, speed.heap_growth) > 0
    assert speed.nuclei == 16
    assert done == list(range(1, 12))
    assert f"ratio {speed.ratio:.2f}" in speed.describe()


def test_the_macro_counts_what_the_workflow_counts(
    tmp_path: Path, save: object
) -> None:
    image = save(benchmark.synthetic_field(512), name="field")  # type: ignore[operator]
    benchmark._run_macro(image)
    rows = image.with_name(f"{image.name}.csv").read_text().splitlines()
    count = run_workflow("nuclei", image, tmp_path / "out").count
    assert len(rows) - 1 == count == 64
