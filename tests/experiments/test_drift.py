"""The drift study on small synthetic fields: it counts, and leaves positions out."""

import dataclasses

import numpy as np
import pytest
import tifffile

from frm_bridge.experiments import drift
from frm_bridge.experiments.drift import Tally, experiment_of, study_drift
from frm_bridge.experiments.driftpage import format_study
from frm_bridge.experiments.planted import SHIFTS, resampled
from frm_bridge.prediction import open_model
from frm_bridge.training.pairs import Pair


@pytest.fixture(scope="module")
def pairs(tmp_path_factory, draw_field):
    """Eight positions in three experiments; one was held out, one is noisy."""
    folder = tmp_path_factory.mktemp("fields")
    made = []
    for number in range(8):
        noise = 12 if number == 7 else 3
        pixels = draw_field(number, side=256, cells=8, noise=noise)
        stain = (pixels > 118).astype(np.uint8) * 200
        paths = [folder / f"{kind}{number}.tif" for kind in ("i", "t")]
        for path, content in zip(paths, (pixels, stain), strict=True):
            tifffile.imwrite(path, content)
        group, split = f"e{number % 3}_p{number}", "test" if number == 0 else "train"
        made.append(Pair(*paths, group, split=split))
    return made


@pytest.fixture(scope="module")
def shifts():
    """One strength of three kinds."""
    wanted = {("inverted contrast", 2), ("saturation", 3)}
    kinds = {}
    for shift in SHIFTS:
        kinds.setdefault(shift.kind, []).append(shift)
    return [kinds[kind][place] for kind, place in sorted(wanted)]


@pytest.fixture(scope="module")
def study(make_model, pairs, shifts, tmp_path_factory):
    other = tmp_path_factory.mktemp("other") / "light.tif"
    tifffile.imwrite(other, 255 - tifffile.imread(pairs[0].input))
    with open_model(make_model(), device="cpu") as model:
        return study_drift(model, pairs, shifts=shifts, others={"negatives": [other]})


def test_the_odd_position_is_a_false_alarm_since_it_has_no_part_in_its_limits(study):
    assert (study.fields, study.positions, study.experiments) == (8, 8, 3)
    assert study.unshifted.count == study.new_experiments.count == 8
    assert any(text.startswith("i7 (") for text in study.false_alarms)
    assert study.unshifted.alarms == len(study.false_alarms) < 4


def test_each_shift_is_counted_over_all_fields_with_its_harm(study):
    assert [row.kind for row in study.planted] == ["inverted contrast", "saturation"]
    for row in study.planted:
        assert (row.tally.count, row.tally.alarms) == (8, 8)
        assert np.isfinite(row.harm)


def test_images_of_another_kind_are_judged_by_all_fields(study):
    assert study.others == {"negatives": Tally(1, 1, 1)}


def test_a_left_out_group_has_no_part_in_the_passport_that_judges_it(
    make_model, pairs, monkeypatch
):
    groups = []
    real = drift.build_passport

    def watched(fields):
        groups.append({field.measures.group for field in fields})
        return real(fields)

    monkeypatch.setattr(drift, "build_passport", watched)
    with open_model(make_model(), device="cpu") as model:
        study_drift(model, pairs, shifts=())
    every = {pair.group for pair in pairs}
    assert sorted(map(len, groups)) == [5, 5, 6] + [7] * 8 + [8]
    assert {frozenset(every - one) for one in groups if len(one) == 7} == {
        frozenset([group]) for group in every
    }


def test_the_page_holds_the_command_the_interval_and_every_row(study):
    page = format_study(study, "frm-bridge models drift-study m pairs.csv")
    low, high = study.unshifted.interval()
    for said in (
        "frm-bridge models drift-study m pairs.csv",
        f"{low:.1%} to {high:.1%}",
        "| saturation | 50% of the pixels |",
        "| negatives | 1 of 1 | 1 | 0 |",
        "i7 (",
    ):
        assert said in page


def test_a_harmless_strength_is_marked(study):
    row = dataclasses.replace(study.planted[0], harm=0.01)
    page = format_study(dataclasses.replace(study, planted=(row,)), "command")
    assert "-0.010 (harmless)" in page


def test_the_interval_is_clopper_and_pearsons():
    # R: binom.test(1, 34)$conf.int
    assert Tally(34, 1, 0).interval() == pytest.approx((0.000744, 0.15327), abs=1e-4)
    assert Tally(34, 0, 0).interval()[0] == 0


@pytest.mark.parametrize("shift", SHIFTS, ids=lambda s: f"{s.kind} {s.strength}")
def test_each_shift_keeps_the_type_and_changes_the_field(draw_field, shift):
    field = draw_field(0, side=128, cells=4)
    stain = (field > 115).astype(np.uint8) * 180
    made = shift.apply(field, stain)
    assert made.dtype == np.uint8
    assert made.shape == tuple(round(side * shift.scale) for side in field.shape)
    assert made.shape != field.shape or (made != field).any()


def test_resampling_moves_nothing():
    y, x = np.mgrid[:80, :64]
    spot = np.exp(-((y - 30) ** 2 + (x - 40) ** 2) / 50).astype(np.float32)
    for factor in (0.5, 1.4, 2):
        made = resampled(spot, (round(80 * factor), round(64 * factor)))
        rows, columns = np.indices(made.shape)
        found = [(made * axis).sum() / made.sum() for axis in (rows, columns)]
        scales = [new / old for new, old in zip(made.shape, spot.shape, strict=True)]
        there = [(at + 0.5) / s - 0.5 for at, s in zip(found, scales, strict=True)]
        assert there == pytest.approx([30, 40], abs=0.1)


def test_an_experiment_is_a_positions_name_up_to_its_p():
    assert experiment_of("181024TK20_p0002") == "181024TK20"
    assert experiment_of("alone") == "alone"
