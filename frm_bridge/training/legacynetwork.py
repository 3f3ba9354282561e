"""The network of LaChance & Cohen (2020) as their code saves it, as plain data.

What a file of theirs must hold is known before TensorFlow starts: the shapes of all
weights (CL-090 to CL-096), and, where the file describes its network, every layer with
what it is joined to.
"""

from __future__ import annotations

from itertools import zip_longest
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from frm_bridge.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

Shape = tuple[int, ...]
Head = Literal["linear", "elu"]

WIDTHS = (16, 32, 64, 128, 256)
_DEEPER_LEVELS = (32, 64, 128)  # CL-096: three convolutions in place of two
_LAYERS_AT_MOST = 300  # the deeper network of two stacks has 102


class SavedLayer(NamedTuple):
    """A layer with weights: its name, and the weights' names and shapes in order."""

    name: str
    weights: tuple[tuple[str, Shape], ...]

    @property
    def shapes(self) -> tuple[Shape, ...]:
        """Give the shapes alone."""
        return tuple(shape for _, shape in self.weights)

    def __str__(self) -> str:
        return f"{self.name} {_in_words(self.shapes)}"


class Operation(NamedTuple):
    """One step of the network, and the numbers of the steps that it takes."""

    does: str
    takes: tuple[int, ...]


def expected_shapes(stacks: int, *, deeper: bool = False) -> list[tuple[Shape, Shape]]:
    """Give kernel and bias of every layer with weights, first layer first.

    Parameters
    ----------
    stacks : int
        1 gives 1,938,625 parameters, 2 give 3,881,585.
    deeper : bool
        The variant with a third convolution at three levels (CL-096): 4,656,625 for
        two stacks.
    """
    shapes: list[tuple[Shape, Shape]] = []
    channels = 1
    for stack in range(stacks):
        for width in WIDTHS:
            for _ in range(3 if deeper and width in _DEEPER_LEVELS else 2):
                shapes.append(((3, 3, channels, width), (width,)))
                channels = width
        for width in WIDTHS[-2::-1]:
            shapes.append(((2, 2, width, channels), (width,)))
            channels = 2 * width
            for _ in range(3 if deeper and width in _DEEPER_LEVELS else 2):
                shapes.append(((3, 3, channels, width), (width,)))
                channels = width
        if stack == stacks - 1:
            shapes[-1] = ((3, 3, channels, 1), (1,))
    return shapes


def count_stacks(layers: Sequence[SavedLayer], file: str) -> int:
    """Tell one stack from two by the shapes of all weights.

    Raises
    ------
    ModelError
        ``E_WEIGHTS_NETWORK`` for any other network; it names what was found.
    """
    found: list[tuple[Shape, ...]] = [layer.shapes for layer in layers]
    for stacks in (1, 2):
        if found == expected_shapes(stacks):
            return stacks
        if found == expected_shapes(stacks, deeper=True):
            raise ModelError(
                "E_WEIGHTS_NETWORK",
                f"{file} holds the 'deeper' {stacks}-stack network, with a third "
                "convolution at three levels, which frm_bridge does not build; "
                "the standard one of 1 or 2 stacks was expected",
                "train the standard network with 'frm-bridge train --published'",
            )
    raise _another_network(layers, file)


def _another_network(layers: Sequence[SavedLayer], file: str) -> ModelError:
    stacks = 1 if 2 * len(layers) < len(expected_shapes(1) + expected_shapes(2)) else 2
    wanted = expected_shapes(stacks)
    number, (found, expected) = next(
        (number, pair)
        for number, pair in enumerate(zip_longest(layers, wanted), start=1)
        if pair[0] is None or pair[0].shapes != pair[1]
    )
    first = f"{found} stands" if found else "nothing stands"
    instead = _in_words(expected) if expected else "no further layer"
    every = ", ".join(str(layer) for layer in layers[:60])
    return ModelError(
        "E_WEIGHTS_NETWORK",
        f"{file} holds another network than the paper's {stacks}-stack U-Net: as "
        f"layer {number} {first} where {instead} was expected. Found {len(layers)} "
        f"layer(s) with weights: {every}. Expected {len(wanted)}: "
        f"{', '.join(_in_words(shapes) for shapes in wanted)}",
        "give a file of the paper's network; train others with 'frm-bridge train'",
    )


def _in_words(shapes: Sequence[Shape]) -> str:
    """Say what a layer with such weights does, or how large they are."""
    if len(shapes) == 2 and len(shapes[0]) == 4 and len(shapes[1]) == 1:
        height, width, third, fourth = shapes[0]
        if shapes[1][0] == fourth:
            return f"{height}x{width} {third} to {fourth}"
        if shapes[1][0] == third:
            return f"{height}x{width} up {fourth} to {third}"
    return " and ".join("x".join(map(str, shape)) or "a number" for shape in shapes)


def expected_operations(stacks: int, head: Head) -> list[Operation]:
    """Give the network step by step; dropout, which predicts nothing, is left out."""
    steps = [Operation("image", ())]

    def then(does: str, *others: int) -> int:
        steps.append(Operation(does, (len(steps) - 1, *others)))
        return len(steps) - 1

    for _ in range(stacks):
        skips = []
        for width in WIDTHS:
            then(_convolution(width, "elu"))
            skips.append(then(_convolution(width, "elu")))
            if width != WIDTHS[-1]:
                then("2x2 maximum")
        for width, skip in zip(WIDTHS[-2::-1], skips[-2::-1], strict=True):
            then(f"2x2 Conv2DTranspose to {width} by 2, same, linear")
            then("Concatenate", skip)
            then(_convolution(width, "elu"))
            then(_convolution(width, "elu"))
    steps[-1] = steps[-1]._replace(does=_convolution(1, head))
    return steps


def _convolution(width: int, activation: str) -> str:
    return f"3x3 Conv2D to {width} by 1, same, {activation}"


def find_head(
    config: Mapping[str, Any], stacks: int, names: Sequence[str], file: str
) -> Head:
    """Check a network's own description, and give its last activation.

    Parameters
    ----------
    config : mapping
        Of the U-Net: ``layers`` and ``output_layers`` as Keras writes them.
    stacks : int
        What the shapes of the weights say.
    names : sequence of str
        The layers in the order of the weights; empty where they are not known.
    file : str
        For messages.

    Raises
    ------
    ModelError
        ``E_WEIGHTS_NETWORK`` where a layer does something else than in the paper, or
        is joined to others.
    """
    found, weighted, last = _operations(config)
    head: Head = "linear" if found[-1].does == _convolution(1, "linear") else "elu"
    wanted = expected_operations(stacks, head)
    for number, (is_, should) in enumerate(zip_longest(found, wanted)):
        if is_ != should:
            raise ModelError(
                "E_WEIGHTS_NETWORK",
                f"{file} describes another network than the paper's: step {number} is "
                f"{_step(is_)} where {_step(should)} was expected",
                "give a file of the paper's network; train others with "
                "'frm-bridge train'",
            )
    if _joined(config["output_layers"]) != [last] or (
        names and list(names) != weighted
    ):
        raise ModelError(
            "E_WEIGHTS_NETWORK",
            f"{file} describes its layers in another order than it keeps their weights",
            "load it in Keras and save it again",
        )
    return head


def _step(operation: Operation | None) -> str:
    if operation is None:
        return "nothing"
    takes = " and ".join(map(str, operation.takes))
    return f"'{operation.does}'" + (f" of step {takes}" if takes else "")


def _operations(config: Mapping[str, Any]) -> tuple[list[Operation], list[str], str]:
    """Give the steps, the names of layers with weights, and the last layer's name."""
    layers = config["layers"]
    if len(layers) > _LAYERS_AT_MOST:
        many = f"the description has {len(layers)} layers"
        raise ValueError(many)
    steps: list[Operation] = []
    weighted = []
    number_of: dict[str, int] = {}
    for layer in layers:
        name, kind = str(layer["config"]["name"]), layer["class_name"]
        takes = tuple(number_of[other] for other in _joined(layer["inbound_nodes"]))
        if kind == "Dropout" and len(takes) == 1:
            number_of[name] = takes[0]
            continue
        if kind in ("Conv2D", "Conv2DTranspose"):
            weighted.append(name)
        steps.append(Operation(_does(kind, layer["config"]), takes))
        number_of[name] = len(steps) - 1
    return steps, weighted, name


def _joined(nodes: object) -> list[str]:
    """Give the layers that a description refers to.

    Keras 2 nests lists that end in ``[name, node, tensor, {...}]``; Keras 3 has
    mappings with ``keras_history: [name, node, tensor]``.
    """
    return list(_references(nodes))


def _references(nodes: object) -> Iterator[str]:
    if isinstance(nodes, list):
        match nodes:
            case [str(name), int(), int(), *_]:
                yield name
            case _:
                for inner in nodes:
                    yield from _references(inner)
    elif isinstance(nodes, dict):
        for inner in nodes.values():
            yield from _references(inner)


def _does(kind: str, config: Mapping[str, Any]) -> str:
    """Say in one form what a layer does; what is unusual about it is added."""
    if kind == "InputLayer":
        return "image"
    if kind in ("Conv2D", "Conv2DTranspose"):
        return _convolves(kind, config)
    if kind == "MaxPooling2D" and config.get("strides") in (
        None,
        config["pool_size"],
    ):
        return f"{_by(config['pool_size'])} maximum"
    if kind == "Concatenate" and config.get("axis", -1) in (-1, 3):
        return kind
    return f"{kind} {config.get('name')}"


def _convolves(kind: str, config: Mapping[str, Any]) -> str:
    strides = sorted(set(config["strides"]))
    usual = {
        "data_format": "channels_last",
        "dilation_rate": [1, 1],
        "groups": 1,
        "use_bias": True,
        "output_padding": None,
    }
    odd = [
        f", {key} {config[key]}"
        for key, value in usual.items()
        if config.get(key, value) != value
    ]
    return (
        f"{_by(config['kernel_size'])} {kind} to {config['filters']} by "
        f"{' and '.join(map(str, strides))}, {config['padding']}, "
        f"{config['activation']}{''.join(odd)}"
    )


def _by(sides: Sequence[int]) -> str:
    return "x".join(map(str, sides))
