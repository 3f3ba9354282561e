"""Networks from strangers: plain ones pass, and each way to do harm is refused."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from frm_bridge.errors import ModelError
from frm_bridge.models.archive import open_model_file
from frm_bridge.models.card import load_onnx
from frm_bridge.models.graphcheck import check_graph
from frm_bridge.models.registry import shipped_models
from frm_bridge.prediction.runtime import open_model

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Change = Callable[[onnx.ModelProto], object]


@pytest.fixture
def refuse(make_onnx: Callable[..., Path]) -> Callable[..., ModelError]:
    """Change a good network, and see it refused, when it is opened to run, too."""

    def attempt(change: Change, code: str) -> ModelError:
        path = make_onnx(name="blur")
        model = onnx.load(path)
        change(model)
        path.write_bytes(model.SerializeToString())
        for ask in (check_graph, open_model):
            with pytest.raises(ModelError) as caught:
                ask(path)
            assert caught.value.code == code, caught.value
            assert caught.value.fix
        return caught.value

    return attempt


def test_the_shipped_models_and_a_small_one_pass(
    make_onnx: Callable[..., Path],
) -> None:
    for path in (*shipped_models().values(), make_onnx()):
        graph = load_onnx(path)
        assert check_graph(path, graph) is graph
        assert check_graph(path) == graph


def node(kind: str, *inputs: str, out: str = "more", **attributes: object) -> Change:
    """Add a node to the end of the network; its output is the network's."""

    def change(model: onnx.ModelProto) -> None:
        made = helper.make_node(kind, inputs or ["out"], [out], **attributes)
        model.graph.node.append(made)
        model.graph.output[0].name = out

    return change


def both(*changes: Change) -> Change:
    def change(model: onnx.ModelProto) -> None:
        for each in changes:
            each(model)

    return change


def constant(name: str, values: object, kind: str = "int64") -> Change:
    array = numpy_helper.from_array(np.array(values, kind), name)
    return lambda model: model.graph.initializer.append(array)


def domain(model: onnx.ModelProto) -> None:
    model.opset_import.append(helper.make_opsetid("com.evil", 1))


@pytest.mark.parametrize(
    "change",
    [
        both(domain, node("Conv", domain="com.evil")),
        node("Gelu", domain="com.microsoft"),
        node("LabelEncoder", domain="ai.onnx.ml"),
        node("NoSuchOperator"),
        node("Conv\n" * 5000),
    ],
)
def test_an_operator_that_is_not_of_onnx_is_refused(
    change: Change, refuse: Callable[..., ModelError]
) -> None:
    assert len(refuse(change, "E_MODEL_OPERATOR").message) < 700


def test_a_domain_that_nothing_uses_is_no_fault(make_onnx: Callable[..., Path]) -> None:
    """Exporters name ai.onnx.ml in each file."""
    path = make_onnx()
    model = onnx.load(path)
    domain(model)
    check_graph(path, model)


def function(model: onnx.ModelProto) -> None:
    """A function that hides a custom operator behind the name of ONNX's own."""
    inner = helper.make_node("Evil", ["x"], ["y"], domain="com.evil")
    opsets = [helper.make_opsetid("com.evil", 1)]
    made = helper.make_function("", "Elu", ["x"], ["y"], [inner], opsets)
    model.functions.append(made)
    node("Elu")(model)


def body(model: onnx.ModelProto) -> onnx.GraphProto:
    graph = onnx.GraphProto()
    graph.CopyFrom(model.graph)
    del graph.input[:]
    return graph


def branch(model: onnx.ModelProto) -> None:
    constant("condition", True, "bool")(model)
    inner = {"then_branch": body(model), "else_branch": body(model)}
    node("If", "condition", **inner)(model)


def loop(model: onnx.ModelProto) -> None:
    constant("times", 2**62)(model)
    node("Loop", "times", "", "out", body=body(model))(model)


def hidden(model: onnx.ModelProto) -> None:
    """A network in an operator's value that says that it is a number."""
    node("Elu")(model)
    attribute = model.graph.node[-1].attribute.add()
    attribute.name, attribute.type = "alpha", onnx.AttributeProto.FLOAT
    attribute.g.CopyFrom(body(model))


def training(model: onnx.ModelProto) -> None:
    model.training_info.add().algorithm.name = "train"


def sparse(model: onnx.ModelProto) -> None:
    made = model.graph.sparse_initializer.add()
    made.dims.extend([2**31, 2**31])
    made.values.name = "sparse"


def typed(**kinds: onnx.TypeProto) -> Change:
    def change(model: onnx.ModelProto) -> None:
        for side, kind in kinds.items():
            getattr(model.graph, side)[0].type.CopyFrom(kind)

    return change


NUMBERS = helper.make_tensor_type_proto(TensorProto.FLOAT, [1])
TEXT = helper.make_tensor_type_proto(TensorProto.STRING, [1])


@pytest.mark.parametrize(
    "change",
    [
        function,
        branch,
        loop,
        hidden,
        training,
        sparse,
        node("Scan", body=helper.make_graph([], "empty", [], []), num_scan_inputs=1),
        typed(input=TEXT),
        typed(output=TEXT),
        typed(input=helper.make_sequence_type_proto(NUMBERS)),
        typed(output=helper.make_optional_type_proto(NUMBERS)),
        node("SequenceConstruct"),
        node("Cast", to=TensorProto.STRING),
        node("Constant", value_string="text"),
        node("Optional"),
    ],
)
def test_functions_loops_texts_and_sequences_are_refused(
    change: Change, refuse: Callable[..., ModelError]
) -> None:
    refuse(change, "E_MODEL_GRAPH")


def fed_constant(kind: str, name: str, values: object, **attributes: object) -> Change:
    return both(constant(name, values), node(kind, "out", name, **attributes))


def enlarged(times: int) -> Change:
    """Each step twice as large, again and again."""

    def change(model: onnx.ModelProto) -> None:
        constant("twice", [1, 1, 2, 2], "float32")(model)
        for step in range(times):
            before = model.graph.output[0].name
            node("Resize", before, "", "twice", out=f"larger{step}")(model)

    return change


def each_against_each(model: onnx.ModelProto) -> None:
    constant("flat", [-1, 1])(model)
    constant("wide", [1, -1])(model)
    node("Reshape", "out", "flat", out="column")(model)
    node("Reshape", "out", "wide", out="row")(model)
    node("MatMul", "column", "row", out="pairs")(model)


def many(model: onnx.ModelProto) -> None:
    constant("side", [1, 500, 256, 256])(model)
    for number in range(40):
        node("Expand", "out", "side", out=f"copy{number}")(model)


def lying(model: onnx.ModelProto) -> None:
    """What the file says of a value within is not what it will be."""
    enlarged(10)(model)
    for step in range(10):
        small = helper.make_tensor_value_info(f"larger{step}", 1, [1, 1, 1, 1])
        model.graph.value_info.append(small)


@pytest.mark.parametrize(
    "change",
    [
        both(constant("shape", [2**20, 2**20]), node("ConstantOfShape", "shape")),
        fed_constant("Expand", "shape", [1, 5000, 256, 256]),
        fed_constant("Tile", "times", [1, 100_000, 1, 1]),
        fed_constant("Pad", "pads", [0, 0, 0, 0, 0, 0, 0, 10**6]),
        enlarged(10),
        enlarged(60),
        lying,
        many,
        each_against_each,
        both(node("NonZero", out="where"), node("ConstantOfShape", "where")),
        node("NonZero"),
        lambda model: model.opset_import[0].ClearField("version"),
        lambda model: model.opset_import.pop(),
        both(constant("pads", [1]), node("Pad", "pads")),
    ],
)
def test_a_value_that_would_fill_the_memory_or_is_not_foreseen_is_refused(
    change: Change, refuse: Callable[..., ModelError]
) -> None:
    refuse(change, "E_MODEL_GRAPH")


def test_a_network_that_enlarges_and_shrinks_as_usual_passes(
    make_onnx: Callable[..., Path],
) -> None:
    """Sizes that are computed from the image's own, as exporters write them."""
    path = make_onnx()
    model = onnx.load(path)
    sides = {"kernel_shape": [2, 2], "strides": [2, 2]}
    node("MaxPool", out="half", **sides)(model)
    node("Shape", "out", out="shape")(model)
    for name, values in (("from", [2]), ("to", [4]), ("of", [1, 1])):
        constant(name, values)(model)
    node("Slice", "shape", "from", "to", out="end")(model)
    node("Concat", "of", "end", out="sizes", axis=0)(model)
    node("Resize", "half", "", "", "sizes", out="whole")(model)
    node("Sigmoid", "whole", out="last")(model)
    check_graph(path, model)


def cropped(model: onnx.ModelProto) -> None:
    """A padding that follows from a difference of shapes, as tf2onnx writes it."""
    sides = {"kernel_shape": [2, 2], "strides": [2, 2]}
    node("MaxPool", out="half", **sides)(model)
    constant("two", 2)(model)
    constant("none", [0])(model)
    for name, source in (("whole size", "out"), ("half size", "half")):
        node("Shape", source, out=name)(model)
    node("Mul", "half size", "two", out="twice")(model)
    node("Sub", "twice", "whole size", out="over")(model)
    node("Neg", "over", out="under")(model)
    node("Max", "under", "none", out="lacking")(model)
    parts = ["b", "c", "y", "x"]
    model.graph.node.append(helper.make_node("Split", ["lacking"], parts, axis=0))
    node("Concat", *parts, *["none"] * 4, out="pads", axis=0)(model)
    node("Pad", "out", "pads", out="last")(model)


def test_sizes_that_exporters_compute_are_followed(
    make_onnx: Callable[..., Path],
) -> None:
    path = make_onnx()
    model = onnx.load(path)
    cropped(model)
    check_graph(path, model)
    constant("many", 10**6)(model)
    node("Add", "pads", "many", out="most pads")(model)
    node("Pad", "last", "most pads", out="huge")(model)
    with pytest.raises(ModelError, match=r"makes .* values of 256 x 256 pixels"):
        check_graph(path, model)


def test_any_change_of_a_file_gives_an_error_of_ours_or_none(
    make_onnx: Callable[..., Path],
) -> None:
    path = make_onnx()
    model = onnx.load(path)
    cropped(model)
    whole = model.SerializeToString()
    random = np.random.default_rng(0)
    codes = set()
    for _ in range(400):
        content = bytearray(whole)
        for at in random.integers(0, len(content), random.integers(1, 4)):
            content[at] = random.integers(256)
        path.write_bytes(content)
        try:
            check_graph(path)
        except ModelError as error:
            codes.add(error.code)
    assert {"E_MODEL_FORMAT", "E_MODEL_GRAPH", "E_MODEL_OPERATOR"} <= codes


def test_too_many_nodes_are_refused(refuse: Callable[..., ModelError]) -> None:
    def change(model: onnx.ModelProto) -> None:
        for _ in range(20_001):
            model.graph.node.add(op_type="Elu")

    refuse(change, "E_MODEL_GRAPH")


def field(number: int, content: bytes) -> bytes:
    """Write a part of a file, as protobuf does."""
    size, value = b"", len(content)
    while value > 127:
        size += bytes([value & 127 | 128])
        value >>= 7
    return bytes([number << 3 | 2]) + size + bytes([value]) + content


def nested(depth: int) -> bytes:
    content = b""
    for _ in range(depth):  # graph, node, attribute
        content = field(1, field(5, field(6, content)))
    return field(7, content)


@pytest.mark.parametrize(
    "content",
    [
        field(7, field(1, b"") * 500_001),
        field(7, field(1, field(5, b"") * 500_001)),
        field(7, field(5, field(7, bytes(65 << 20)))),
        nested(20),
        nested(1000),
    ],
)
def test_a_file_that_would_fill_the_memory_when_it_is_read_is_refused(
    content: bytes, tmp_path: Path
) -> None:
    path = tmp_path / "bomb.onnx"
    path.write_bytes(content)
    with pytest.raises(ModelError) as caught:
        load_onnx(path)
    assert caught.value.code == "E_MODEL_GRAPH"


@pytest.mark.parametrize(
    "content",
    [b"\x80" * 20, b"\x3a\x7f", b"\x0b\x0c", b"\x0f", b"\x3a\xff\xff\xff\xff\x0f"],
)
def test_a_file_that_is_no_protobuf_is_refused(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "text.onnx"
    path.write_bytes(content)
    with pytest.raises(ModelError) as caught:
        load_onnx(path)
    assert caught.value.code == "E_MODEL_FORMAT"


def weights(**fields: object) -> Change:
    """Change the weights' own description."""

    def change(model: onnx.ModelProto) -> None:
        tensor = model.graph.initializer[0]
        for name, value in fields.items():
            if isinstance(value, list):
                del getattr(tensor, name)[:]
                getattr(tensor, name).extend(value)
            else:
                setattr(tensor, name, value)

    return change


def in_a_constant(model: onnx.ModelProto) -> None:
    tensor = TensorProto(dims=[2**40], data_type=1, raw_data=b"abcd")
    node("Constant", value=tensor)(model)
    del model.graph.node[-1].input[:]


def segment(model: onnx.ModelProto) -> None:
    model.graph.initializer[0].segment.end = 2**60


@pytest.mark.parametrize(
    "change",
    [
        weights(dims=[2**40, 2**40, 3, 3]),
        weights(dims=[1, 1, 3, 2]),
        weights(dims=[-1, -1, 3, 3]),
        weights(dims=[2**62, 4, 1, 1]),
        weights(raw_data=b""),
        weights(data_type=TensorProto.DOUBLE),
        weights(data_type=TensorProto.STRING),
        weights(data_type=TensorProto.UNDEFINED),
        weights(data_type=99),
        weights(data_type=TensorProto.COMPLEX64),
        both(lambda model: model.graph.initializer[0].ClearField("raw_data")),
        in_a_constant,
        segment,
    ],
)
def test_weights_that_are_not_as_they_claim_are_refused(
    change: Change, refuse: Callable[..., ModelError]
) -> None:
    refuse(change, "E_MODEL_WEIGHTS")


def test_weights_as_single_numbers_pass(make_onnx: Callable[..., Path]) -> None:
    path = make_onnx()
    model = onnx.load(path)
    (kernel,) = model.graph.initializer
    values = numpy_helper.to_array(kernel).ravel().tolist()
    kernel.ClearField("raw_data")
    kernel.float_data.extend(values)
    check_graph(path, model)


@pytest.fixture
def outside(make_onnx: Callable[..., Path]) -> Callable[..., Path]:
    """Write a network whose weights are said to be in another file."""

    def make(location: str, **said: object) -> Path:
        path = make_onnx(name="blur")
        model = onnx.load(path)
        (kernel,) = model.graph.initializer
        (path.parent / "weights.data").write_bytes(kernel.raw_data)
        kernel.ClearField("raw_data")
        kernel.data_location = TensorProto.EXTERNAL
        for key, value in {"location": location, **said}.items():
            kernel.external_data.add(key=key, value=str(value))
        path.write_bytes(model.SerializeToString())
        return path

    return make


def refused(path: Path, code: str = "E_MODEL_EXTERNAL") -> None:
    for ask in (check_graph, open_model):
        with pytest.raises(ModelError) as caught:
            ask(path)
        assert caught.value.code == code, caught.value


@pytest.mark.parametrize(
    "location",
    [
        "/etc/passwd",
        "../weights.data",
        "a/../../weights.data",
        "..\\weights.data",
        "C:\\weights.data",
        "\\\\server\\share\\weights.data",
        "file:///etc/passwd",
        "https://example.org/weights.data",
        "",
        ".",
        "weights.data\0",
    ],
)
def test_weights_outside_the_models_folder_are_refused(
    location: str, outside: Callable[..., Path]
) -> None:
    refused(outside(location))


@pytest.mark.parametrize(
    "said",
    [
        {"offset": -4},
        {"offset": 4},
        {"length": 35},
        {"length": 2**60},
        {"offset": 2**70},
        {"offset": "many"},
        {"offset": "9" * 5000},
    ],
)
def test_more_than_the_file_holds_is_refused(
    said: dict[str, object], outside: Callable[..., Path]
) -> None:
    refused(outside("weights.data", **said))


@pytest.mark.skipif(sys.platform == "win32", reason="links need a right on Windows")
def test_weights_behind_a_link_are_refused(
    outside: Callable[..., Path], tmp_path: Path
) -> None:
    (tmp_path / "link.data").symlink_to("/etc/passwd")
    refused(outside("link.data"))
    (tmp_path / "inner").symlink_to(tmp_path)
    refused(outside("inner/weights.data"))
    (tmp_path / "inner2").mkdir()
    refused(outside("inner2"))


def test_weights_beside_a_bare_model_are_used_and_missing_ones_told(
    outside: Callable[..., Path], tmp_path: Path
) -> None:
    path = outside("weights.data")
    check_graph(path)
    open_model(path, device="cpu").close()
    (tmp_path / "weights.data").unlink()
    refused(path, "E_MODEL_FORMAT")


def test_in_a_package_weights_elsewhere_must_have_a_hash(
    outside: Callable[..., Path],
    contents: Callable[..., dict[str, bytes]],
    home: Path,
    tmp_path: Path,
) -> None:
    from hashlib import sha256

    data = outside("weights.data").parent / "weights.data"
    folder = tmp_path / "package"
    folder.mkdir()
    for declared in (False, True):
        part = {"source": "weights.data"}
        if declared:
            part["sha256"] = sha256(data.read_bytes()).hexdigest()
        files = contents(model=tmp_path / "model.onnx", external_data=part)
        for name, content in {**files, "weights.data": data.read_bytes()}.items():
            (folder / name).write_bytes(content)
        if declared:
            assert open_model_file(folder) == folder / "weights.onnx"
        else:
            with pytest.raises(ModelError, match="is not declared"):
                open_model_file(folder)


def test_weights_of_many_kinds_of_numbers_pass(make_onnx: Callable[..., Path]) -> None:
    path = make_onnx()
    model = onnx.load(path)
    for kind in ("int8", "uint8", "int32", "int64", "float16", "float64", "bool"):
        constant(kind, np.ones((3, 4)), kind)(model)
    constant("empty", np.ones((0, 4)))(model)
    check_graph(path, model)
