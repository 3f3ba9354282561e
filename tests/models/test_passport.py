"""Passports in cards: written, read back, refused when they are wrong."""

import dataclasses
import json

import pytest

from frm_bridge.errors import ModelError
from frm_bridge.models.card import ModelCard
from frm_bridge.models.normalisation import (
    InputNormalisation,
    Normalisation,
    OutputNormalisation,
)
from frm_bridge.models.passport import MEASURES, FieldMeasures, Passport


@pytest.fixture
def passport():
    """Two fields of one position; the numbers stand for nothing."""
    fields = tuple(
        FieldMeasures(
            f"field {n}",
            "position",
            {name: n + place / 4 for place, name in enumerate(MEASURES)},
            dict.fromkeys(MEASURES, 0.25),
        )
        for n in range(2)
    )
    return Passport(
        fields, (0.5, 0.25), {"blurred": (1.0, -2.0)}, {"novelty": 3.5}, "by hand"
    )


@pytest.fixture
def card(passport):
    scales = Normalisation(
        InputNormalisation("field"), OutputNormalisation(0.0, 1.0, "relative")
    )
    return ModelCard("m", "nuclei", "bright field", scales, passport=passport)


def test_a_passport_is_read_back_from_its_card(card, passport):
    again = ModelCard.from_json(card.to_json())
    assert again == card
    assert again.passport == passport
    assert again.passport.positions == 1


def test_a_card_without_one_reads_as_before(card):
    bare = dataclasses.replace(card, passport=None)
    assert ModelCard.from_json(bare.to_json()).passport is None
    old = json.loads(bare.to_json())
    del old["passport"]
    assert ModelCard.from_json(json.dumps(old)) == bare


def test_numbers_keep_three_digits_so_that_thirty_fields_take_few_kilobytes(passport):
    field = dataclasses.replace(
        passport.fields[0], values=dict.fromkeys(MEASURES, 1 / 3)
    )
    text = Passport((field,) * 30).to_json()
    assert "0.333," in text
    assert len(text) < 20_000


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"version": 99}, "version 99"),
        ({"fields": [{"name": "x"}]}, "cannot be read"),
        ({"limits": {"novelty": "much"}}, "cannot be read"),
        ({"limits": {"novelty": float("nan")}}, "nan among the numbers"),
        ({"measures": ["mean"]}, "cannot be read"),
        ({"fields": 5}, "cannot be read"),
    ],
)
def test_a_passport_at_fault_is_refused(passport, change, said):
    with pytest.raises(ModelError, match=said) as caught:
        Passport.from_dict(passport.to_dict() | change)
    assert caught.value.code == "E_MODEL_CARD"
