"""The Methods' words for what each shipped workflow does."""

from __future__ import annotations

import pytest

from frm_bridge.imagej import find_workflow
from frm_bridge.imagej.workflows import shipped_scripts
from frm_bridge.reporting.steps import steps


def told(name, *, calibrated=True, **parameters):
    workflow = find_workflow(name).with_parameters(**parameters)
    return steps(
        {
            "workflow": {
                "name": name,
                "things": "nuclei",
                "script": workflow.script.name,
                "is_shipped": True,
                "parameters": dict(workflow.parameters),
            },
            "fields": [{"pixel_size_um": 0.5 if calibrated else None}],
        }
    )


@pytest.mark.parametrize("name", shipped_scripts())
def test_every_shipped_workflow_is_told_in_words(name):
    text = told(name)
    assert "script" not in text
    assert " = " not in text
    assert ", ," not in text


@pytest.mark.parametrize(
    ("name", "parameters", "words"),
    [
        ("displacement", {"linking_distance": 8.0}, "predicted one over at most 8 µm"),
        ("tracks", {"splitting_distance": 9.0}, "divisions over at most 9 µm"),
        ("tracks", {}, "and no divisions"),
        ("tracks", {"max_frame_gap": 1}, "no closing of gaps"),
        ("tracks", {"detector": "LoG"}, "TrackMate's LoG detector (radius 5 µm"),
        ("profile", {"line_width_px": 5}, "each the mean across 5 px"),
        ("profile", {"normalise": "range16"}, "stretch to 16 bits (0.35 % saturated)"),
        ("histogram", {"bit_depth": 14}, "over the range of 14 bits"),
        ("histogram", {"feature_threshold": 300.0}, "of those measured above 300"),
    ],
)
def test_parameters_are_told_where_they_matter(name, parameters, words):
    assert words in told(name, **parameters)


def test_distances_are_in_px_where_there_is_no_pixel_size():
    assert "at most 15 px" in told("displacement", calibrated=False)
