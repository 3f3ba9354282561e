"""``rdf.yaml``: what a bioimage.io package says of itself, read from a stranger.

Only plain values come out: text, numbers, lists, mappings. What they mean is no
question here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import yaml

from frm_bridge.errors import ModelError

if TYPE_CHECKING:
    from pathlib import Path

RDF_NAMES = ("rdf.yaml", "bioimageio.yaml")
MAX_BYTES = 1 << 20  # a real one has some 10 kB
MAX_VALUES = 30_000  # with every alias written out
MAX_DEPTH = 50
_TOO_MANY = f"more than {MAX_VALUES:,} values once its aliases are written out"
_FIX = "ask whoever sent the package for one that 'bioimageio test' accepts"


def find_rdf(folder: Path) -> Path | None:
    """Give the description of a package's folder; None where there is none."""
    places = (folder / name for name in RDF_NAMES)
    # NB: a link may lead anywhere; it is no description.
    return next((p for p in places if p.is_file() and not p.is_symlink()), None)


def read_rdf(folder: Path) -> dict[str, Any]:
    """Read the description of a package.

    Parameters
    ----------
    folder : Path
        With ``rdf.yaml`` or ``bioimageio.yaml`` in it.

    Returns
    -------
    dict
        Of plain values.

    Raises
    ------
    ModelError
        ``E_PACKAGE_DESCRIPTION``: there is none, or it is too large, nested too
        deeply, blown up by aliases, or no mapping.
    """
    path = find_rdf(folder)
    if path is None:
        raise _refusal(
            folder, f"has no {RDF_NAMES[0]}; a bioimage.io package has one at its top"
        )
    with path.open("rb") as stream:
        content = stream.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise _refusal(path, f"has more than {MAX_BYTES:,} bytes, the most")
    try:
        value = _plain(content)
    # NB: a number, a date or a key may be wrong in ways that yaml leaves to Python.
    except (yaml.YAMLError, ValueError, TypeError, OverflowError) as error:
        reason = " ".join(str(error).split())[:200]
        raise _refusal(path, f"cannot be read: {reason}") from error
    except RecursionError as error:
        raise _refusal(path, f"is nested deeper than {MAX_DEPTH}") from error
    if not isinstance(value, dict):
        raise _refusal(path, "holds no mapping of names to values")
    return value


class _Loader(yaml.SafeLoader):
    """Stops at a value too many, or too deep."""

    def __init__(self, content: bytes) -> None:
        super().__init__(content)
        self._values = self._depth = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        self._values += 1
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise RecursionError
        if self._values > MAX_VALUES:
            raise yaml.YAMLError(_TOO_MANY)
        try:
            return super().compose_node(parent, index)
        finally:
            self._depth -= 1


def _plain(content: bytes) -> Any:
    """Read the values, once it is known how many they are."""
    loader = _Loader(content)
    try:
        node = loader.get_single_node()
        if node is None:
            return None
        _count(node, {})
        return loader.construct_document(node)
    finally:
        loader.dispose()


def _count(node: yaml.Node, known: dict[int, int]) -> int:
    """Count the values below a node as if each alias were written out.

    NB: ten lines of aliases of aliases are billions of values to whoever walks them.
    """
    if id(node) in known:
        return known[id(node)]
    known[id(node)] = MAX_VALUES  # a node within itself has no end
    count = 1
    if isinstance(node, yaml.MappingNode):
        parts = [part for pair in node.value for part in pair]
    else:
        parts = node.value if isinstance(node, yaml.SequenceNode) else []
    count += sum(_count(part, known) for part in parts)
    if count > MAX_VALUES:
        raise yaml.YAMLError(_TOO_MANY)
    known[id(node)] = count
    return count


def _refusal(path: Path, found: str) -> ModelError:
    return ModelError("E_PACKAGE_DESCRIPTION", f"{path.name} {found}", _FIX)
