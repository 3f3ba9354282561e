"""What a question takes out of a comparison's files."""

import json

import pytest

from frm_bridge.comparison.question import read_question
from frm_bridge.comparison.readouts import read_readouts
from frm_bridge.errors import InputError


@pytest.fixture
def write(tmp_path):
    """Write a comparison of two frames of one position, and a third image."""

    def make(kind, found, *, table="", name="nuclei", things="nuclei", **changes):
        images = ("a_p1_t001", "a_p1_t002", "a_p2_t001")
        fields = [
            {
                "name": image,
                "image": image,
                "pixel_size_um": changes.get("pixel_size_um"),
                "prediction": {"provenance": changes.get("provenance", {})},
                kind: one,
            }
            for image, one in zip(images, found, strict=True)
        ]
        workflow = {"name": name, "things": things}
        workflow["is_shipped"] = changes.get("is_shipped", True)
        record = {"kind": kind, "workflow": workflow, "fields": fields}
        (tmp_path / "comparison.json").write_text(json.dumps(record))
        file = {"objects": "objects", "tracks": "tracks", "table": "results"}[kind]
        (tmp_path / f"{file}.csv").write_text(table)
        return tmp_path

    return make


def ask(folder, text, **options):
    found = read_readouts(folder, read_question(text), **options)
    return [(one.truth, one.prediction) for one in found.values]


OBJECTS = [
    {
        "truth_count": 10 + i,
        "predicted_count": 9 + i,
        "truth_area_px": {"mean": 100.0},
        "predicted_area_px": {"mean": None if i == 1 else 90.0},
        "matched": 5,
        "displacement_px": {"mean": None if i == 1 else 1.5},
        "displacement_um": {"mean": 0.75},
    }
    for i in range(3)
]
LEDGER = (
    "field,source,mean_intensity,note\n"
    "a_p1_t001,truth,10,\na_p1_t001,truth,30,\na_p1_t001,prediction,15,\n"
    "a_p1_t002,truth,5,\na_p2_t001,prediction,7,\n"
)


def test_counts_areas_and_places_of_objects(write):
    folder = write("objects", OBJECTS, pixel_size_um=0.5)
    assert ask(folder, "count nuclei within 5 %") == [(10, 9), (11, 10), (12, 11)]
    assert ask(folder, "area within 5 %")[:2] == [(100, 90), (100, None)]
    assert ask(folder, "centroid within 2 px")[:2] == [(0, 1.5), (0, None)]
    assert ask(folder, "centroid within 2 um")[0] == (0, 0.75)
    # Of the third field, 5 of 12 have a partner.
    assert ask(folder, "centroid within 2 px")[2] == (0, None)


def test_places_are_said_to_be_those_of_the_matched(write):
    found = read_readouts(
        write("objects", OBJECTS), read_question("centroid within 2 px")
    )
    (note,) = found.notes
    assert "15 of 33 true ones, and in the worst field 42 %" in note


def test_columns_are_means_over_the_objects_of_a_field(write):
    folder = write("objects", OBJECTS, table=LEDGER)
    expected = [(20, 15), (5, None), (None, 7)]
    assert ask(folder, "column mean_intensity within 5 %") == expected
    assert ask(folder, "intensity within 5 %") == expected


def test_frames_of_a_position_are_one_group_unless_told_otherwise(write):
    folder = write("objects", OBJECTS)
    question = read_question("count within 5 %")
    groups = [one.group for one in read_readouts(folder, question).values]
    assert groups == ["a_p1", "a_p1", "a_p2"]
    found = read_readouts(folder, question, group_by=r"t(\d+)")
    assert [one.group for one in found.values] == ["001", "002", "001"]


def test_tracks_are_counted_and_their_speed_taken(write):
    speed = {"truth": {"mean": 2.0}, "prediction": {"mean": 1.0}}
    found = [
        {"truth_tracks": 4, "predicted_tracks": 5, "track_speed_px_per_frame": speed}
    ] * 3
    folder = write("tracks", found, name="tracks", things="tracks")
    assert ask(folder, "count tracks within 5 %")[0] == (4, 5)
    assert ask(folder, "track speed within 5 %")[0] == (2, 1)
    with pytest.raises(InputError, match="follows tracks"):
        ask(folder, "area within 5 %")


def test_the_table_of_an_own_script_is_asked_by_any_word(write):
    rows = [{"truth_rows": 3, "predicted_rows": 2}] * 3
    table = "field,source,Area,Count,Label\n" + "".join(
        f"{name},{side},{10 + i},{2 + i},x\n"
        for name in ("a_p1_t001", "a_p1_t002", "a_p2_t001")
        for i, side in enumerate(("truth", "prediction"))
    )
    folder = write("table", rows, table=table, name="spots", is_shipped=False)
    assert ask(folder, "count of spots within 5 %")[0] == (3, 2)
    assert ask(folder, "area of spots within 5 %")[0] == (10, 11)
    whole = read_readouts(folder, read_question("column Count within 5 %"))
    assert whole.is_counted
    with pytest.raises(InputError, match="Area, Count"):
        ask(folder, "column Mean of spots within 5 %")
    with pytest.raises(InputError, match="holds no numbers"):
        ask(folder, "column Label of spots within 5 %")
    with pytest.raises(InputError, match="rows are not matched"):
        ask(folder, "centroid of spots within 5 px")


def test_a_relative_prediction_has_no_grey_levels(write):
    told = {"frm_bridge.model.output_unit": "relative"}
    folder = write("objects", OBJECTS, table=LEDGER, provenance=told)
    assert not read_readouts(folder, read_question("intensity within 5 %")).has_unit
    assert read_readouts(folder, read_question("count within 5 %")).has_unit


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("count cells within 5 %", "finds nuclei"),
        ("centroid within 2 um", "--pixel-size"),
        ("track speed within 5 %", "single planes"),
        ("junction area within 5 %", "single planes"),
    ],
)
def test_a_question_that_the_workflow_cannot_answer(write, text, said):
    with pytest.raises(InputError, match=said) as told:
        ask(write("objects", OBJECTS), text)
    assert told.value.code == "E_QUESTION"


def test_no_comparison_is_an_error(tmp_path):
    with pytest.raises(InputError, match=r"comparison\.json"):
        ask(tmp_path, "count within 5 %")
