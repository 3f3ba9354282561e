"""The benchmark measures what it says; its numbers are not judged in tests."""

import pytest
from onnx import helper

from frm_bridge.models.card import load_onnx
from frm_bridge.prediction import benchmark as module
from frm_bridge.prediction.benchmark import benchmark
from frm_bridge.prediction.flops import flop_per_px
from frm_bridge.prediction.memoryprobe import probe_memory


def test_arithmetic_of_one_stack_is_what_was_counted_by_hand(one_stack):
    assert flop_per_px(load_onnx(one_stack)) == 87_616


def test_arithmetic_of_two_stacks(two_stacks):
    # The first stack ends in 16 filters (9*16*16) in place of the head (9*16), and the
    # second reads 16 channels (9*16*16) in place of 1 (9*16).
    more = 2 * (9 * 16 * 16 - 9 * 16 * 1)
    assert flop_per_px(load_onnx(two_stacks)) == 2 * 87_616 + 2 * more


def test_nodes_that_read_no_pixels_cost_nothing(one_stack):
    model = load_onnx(one_stack)
    model.graph.node.insert(0, helper.make_node("Constant", [], ["c"], value_float=1.0))
    assert flop_per_px(model) == 87_616


def test_the_table_holds_every_measurement(one_stack, monkeypatch):
    monkeypatch.setattr(module, "PAPER_SIDE", 256)
    monkeypatch.setattr(module, "MEMORY_ROWS", (64,))
    monkeypatch.setattr(module, "MEMORY_WIDTH", 128)
    told = []
    table = benchmark(
        one_stack,
        device="cpu",
        sizes=(300,),
        window=256,
        rounds=1,
        progress=told.append,
    )
    (row,) = table.speed
    assert (row.side, row.window, row.windows) == (300, 256, 4)
    assert row.mpx_per_s == pytest.approx(300 * 300 / row.seconds / 1e6)
    work = 4 * 256 * 256 * table.flop_per_px
    assert row.gflop_per_s == pytest.approx(work / row.seconds / 1e9)
    assert table.paper_ratio > 0
    assert table.provider == "CPUExecutionProvider"
    assert "CPUExecutionProvider" in dict(table.providers)
    assert told[0] == "300 x 300"
    text = table.to_text()
    assert "87,616 FLOP per pixel" in text
    assert "of sgemm" in text
    (use,) = table.memory
    assert (use.height, use.width) == (64, 128)


def test_anonymous_memory_is_less_than_resident_memory(one_stack):
    use = probe_memory(one_stack, device="cpu", window=256, height=100, width=90)
    assert use.window == 112
    assert use.peak_mb > 20
    assert use.anonymous_mb is None or use.anonymous_mb < use.peak_mb
