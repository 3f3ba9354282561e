"""The README of a package says what a person should know."""

from __future__ import annotations

from frm_bridge.models.card import read_card
from frm_bridge.models.handout import write_handout
from frm_bridge.models.registry import shipped_models


def test_it_holds_limits_held_out_numbers_and_attribution():
    card = read_card(shipped_models()["nuclei-brightfield"])
    text = write_handout(card, sample="f.png", tolerance=0.00143)
    for said in (
        "# nuclei-brightfield 1.0.0",
        "## Not good for",
        "- texture inside the nucleus",
        "25 fields trained, 2 chose the epoch, 7 were held out",
        "## Validation",
        "| 170601SH11_p0027_t00001_z001 | 0.930 | 0.970 | 269 | 267 |",
        "at most 0.00143",
        "before it is cut into tiles",
        "CC BY 4.0",
        "aiSEGcell",
    ):
        assert said in text


def test_a_bare_card_says_what_it_does_not_know(make_card):
    text = write_handout(make_card(), sample="f.png", tolerance=0.1)
    assert "no licence is stated" in text
    assert "No held-out numbers are stated." in text
    assert "| pixel size | not known |" in text
