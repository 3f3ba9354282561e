"""What deepImageJ would not like is found; what it takes is left alone."""

from __future__ import annotations

import copy

import onnx
import pytest

from frm_bridge.models.declaration import PackageFacts, describe_model, yaml_text
from frm_bridge.models.lint import lint_description, lint_graph
from frm_bridge.models.normalisation import (
    InputNormalisation,
    Normalisation,
    OutputNormalisation,
)
from frm_bridge.models.registry import shipped_models

FILES = [
    "weights.onnx",
    "README.md",
    "cover.png",
    "test_input.npy",
    "test_output.npy",
    "sample_input.tif",
    "sample_output.tif",
]
GLOBAL = Normalisation(
    InputNormalisation("global", mean=1000.0, sd=60.0),
    OutputNormalisation(1000.0, 100.0, "counts"),
)


@pytest.fixture
def content(make_card):
    """A description of ours that deepImageJ takes without a word."""
    card = make_card(
        normalisation=GLOBAL, licence="MIT", authors=("A",), citation="B (2020)"
    )
    facts = PackageFacts(
        format_version="0.5.12",
        opset=17,
        parameters=3,
        hashes=dict.fromkeys(FILES, "0" * 64),
        tolerance=0.1,
        sample="field.tif",
    )
    return copy.deepcopy(describe_model(card, facts))


def found(content, name="rdf.yaml"):
    return [(each.severity, each.found) for each in lint_description(content, name)]


def test_a_package_of_ours_with_global_statistics_is_clean(content):
    assert found(content) == []


def test_field_statistics_are_a_warning(content):
    step = {"id": "zero_mean_unit_variance", "kwargs": {}}
    content["inputs"][0]["preprocessing"] = [step]
    ((severity, words),) = found(content)
    assert severity == "warning"
    assert "tile" in words


def unknown_step(content):
    content["outputs"][0]["postprocessing"] = [{"id": "softmax"}]


def no_channel_names(content):
    del content["inputs"][0]["axes"][1]["channel_names"]


def two_inputs(content):
    content["inputs"] *= 2


def long_axis(content):
    content["outputs"][0]["axes"][2]["id"] = "height"


def text_number(content):
    content["inputs"][0]["preprocessing"][0]["kwargs"]["std"] = "1e-06"


def new_format(content):
    content["format_version"] = "0.6.0"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (unknown_step, "softmax"),
        (no_channel_names, "channel_names"),
        (two_inputs, "2 inputs"),
        (long_axis, "'height'"),
        (text_number, "'1e-06'"),
        (new_format, "0.6.0"),
    ],
)
def test_what_does_not_run_there_is_an_error_with_its_place(content, change, said):
    change(content)
    ((severity, words),) = found(content)
    assert severity == "error"
    assert said in words


def test_another_name_of_the_description_is_an_error(content):
    ((severity, words),) = found(content, "bioimageio.yaml")
    assert severity == "error"
    assert "bioimageio.yaml" in words


def test_what_people_will_miss_is_a_warning(content):
    del content["license"], content["cite"]
    ((severity, words),) = found(content)
    assert severity == "warning"
    assert "license, cite" in words


def test_every_finding_has_a_fix(content):
    for change in (unknown_step, no_channel_names, two_inputs, long_axis, text_number):
        change(content)
    assert all(each.fix for each in lint_description(content, "model.yaml"))


def test_a_network_newer_than_fijis_runtime_is_an_error():
    graph = onnx.load(shipped_models()["nuclei-brightfield"])
    assert lint_graph(graph) == []
    graph.ir_version, graph.opset_import[0].version = 9, 18
    assert [each.found for each in lint_graph(graph)] == [
        "its opset is 18, above 17",
        "its IR is 9, above 8",
    ]


def test_numbers_are_written_so_that_yaml_1_1_reads_them_as_numbers(content):
    import yaml

    content["inputs"][0]["preprocessing"][0]["kwargs"] = {"std": 1e-06, "mean": 1e22}
    text = yaml_text(content)
    assert yaml.safe_load(text) == content
    assert "1.0e-06" in text
    assert "&" not in text.replace("R&D", "")
