"""A card file: what a person adds to a model's card before sharing it, as TOML.

::

    licence = "CC-BY-4.0"
    authors = ["A. Person"]
    pixel_size_um = 0.65

    [package]
    tags = ["hela"]
"""

from __future__ import annotations

import dataclasses
import tomllib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from frm_bridge.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from frm_bridge.models.card import ModelCard

# What the network computes (normalisation, halo, ...) is no matter of opinion.
_TEXTS = [
    "name",
    "marker",
    "modality",
    "objective",
    "version",
    "description",
    "licence",
    "citation",
]
_LISTS = ("authors", "good_for", "not_good_for")
_NUMBERS = {"pixel_size_um": (int, float), "bit_depth": (int,)}
CARD_KEYS = (*_TEXTS, *_LISTS, *_NUMBERS)
PACKAGE_KEYS = ("authors", "cite", "git_repo", "maintainers", "tags", "training_data")


@dataclass(frozen=True, slots=True)
class CardFile:
    """What a card file says.

    Attributes
    ----------
    changes : mapping
        Fields of the card, by name.
    package : mapping
        Entries of a package's description, as bioimage.io has them.
    """

    changes: Mapping[str, Any]
    package: Mapping[str, Any]

    def complete(self, card: ModelCard) -> ModelCard:
        """Give a card with these fields in place of its own."""
        return dataclasses.replace(card, **self.changes)


def read_card_file(path: Path) -> CardFile:
    """Read a card file.

    Raises
    ------
    InputError
        ``E_CARD_FILE``: it cannot be read, or has a key or a value that no card has.
    """
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise _refusal(path, f"cannot be read: {error}") from error
    package = content.pop("package", {})
    if not isinstance(package, dict):
        raise _refusal(path, "has a value 'package'; a part [package] was expected")
    strange = [key for key in content if key not in CARD_KEYS]
    strange += [f"package.{key}" for key in package if key not in PACKAGE_KEYS]
    if strange:
        raise _refusal(path, f"has the unknown keys {', '.join(strange)}")
    changes = {key: _checked(path, key, value) for key, value in content.items()}
    return CardFile(changes, package)


def _checked(path: Path, key: str, value: Any) -> Any:
    """Give a value as the card holds it, if it is of the right kind."""
    if key in _TEXTS and isinstance(value, str):
        return value
    if key in _LISTS and isinstance(value, list):
        if all(isinstance(item, str) for item in value):
            return tuple(value)
    elif key in _NUMBERS and type(value) in _NUMBERS[key] and value > 0:
        return value
    wanted = "a list of texts" if key in _LISTS else "a text"
    if key in _NUMBERS:
        wanted = f"a {'whole ' if key == 'bit_depth' else ''}number above 0"
    raise _refusal(path, f"has {key} = {value!r}; {wanted} was expected")


def _refusal(path: Path, found: str) -> InputError:
    return InputError(
        "E_CARD_FILE",
        f"{path} {found}",
        f"it takes {', '.join(CARD_KEYS)}; and in [package] {', '.join(PACKAGE_KEYS)}",
    )
