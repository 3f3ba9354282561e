"""A card file completes a card; what it cannot say is named."""

from __future__ import annotations

import pytest

from frm_bridge.errors import InputError
from frm_bridge.models.cardfile import read_card_file


@pytest.fixture
def write(tmp_path):
    def run(text):
        path = tmp_path / "card.toml"
        path.write_text(text, encoding="utf-8")
        return path

    return run


def test_fields_replace_those_of_the_card(write, make_card):
    given = read_card_file(
        write(
            'description = "µ"\ngood_for = ["a", "b"]\nbit_depth = 12\n'
            'pixel_size_um = 1\n[package]\ngit_repo = "x"\n'
        )
    )
    card = given.complete(make_card(licence="MIT"))
    assert (card.description, card.good_for) == ("µ", ("a", "b"))
    assert (card.bit_depth, card.pixel_size_um, card.licence) == (12, 1, "MIT")
    assert given.package == {"git_repo": "x"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("halo = 16", "halo"),
        ('license = "MIT"', "license"),
        ("[package]\nwhere = 1", "package.where"),
        ("package = 3", "package"),
        ("name = 3", "a text"),
        ('authors = "A"', "a list of texts"),
        ("authors = [1]", "a list of texts"),
        ("pixel_size_um = 0", "a number above 0"),
        ("bit_depth = 8.5", "a whole number"),
        ("bit_depth = true", "a whole number"),
        ("name =", "cannot be read"),
    ],
)
def test_what_no_card_has_is_named(write, text, said):
    with pytest.raises(InputError, match=said) as caught:
        read_card_file(write(text))
    assert caught.value.code == "E_CARD_FILE"
    assert "pixel_size_um" in caught.value.fix


def test_a_missing_file_is_told(tmp_path):
    with pytest.raises(InputError, match="cannot be read"):
        read_card_file(tmp_path / "none.toml")
