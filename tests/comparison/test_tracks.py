"""Which spots and links of two sets of tracks are the same: by hand."""

import pandas as pd
import pytest

from frm_bridge.comparison.tracks import (
    mark_links,
    mark_spots,
    mark_tracks,
    match_spots,
    read_sides,
)


def spots(*rows):
    """Rows of (spot, frame, x)."""
    table = pd.DataFrame(rows, columns=["spot", "frame", "x_px"])
    return table.assign(y_px=0.0, radius_px=5.0)


def links(*rows):
    """Rows of (source, target); all of track 1."""
    return pd.DataFrame(rows, columns=["source", "target"]).assign(track=1)


def both(truth, prediction):
    return {"truth": truth, "prediction": prediction}


def test_spots_are_paired_within_their_frame_and_the_limit():
    sides = both(
        spots((1, 1, 0.0), (2, 1, 50.0), (3, 2, 0.0)),
        spots((7, 1, 3.0), (8, 1, 57.0), (9, 3, 0.0)),
    )
    assert match_spots(sides, max_distance_px=5) == {1: 7}
    assert match_spots(sides, max_distance_px=7) == {1: 7, 2: 8}


def test_more_pairs_count_more_than_nearer_ones():
    # The nearest pair (2 with 7, 1 px) would leave 1 and 8 alone.
    sides = both(
        spots((1, 1, 0.0), (2, 1, 4.0)),
        spots((7, 1, 5.0), (8, 1, 9.0)),
    )
    assert match_spots(sides, max_distance_px=5) == {1: 7, 2: 8}


def test_of_as_many_pairs_the_nearer_ones_are_taken():
    sides = both(
        spots((1, 1, 0.0), (2, 1, 4.0)),
        spots((7, 1, 5.0), (8, 1, 1.0)),
    )
    assert match_spots(sides, max_distance_px=9) == {1: 8, 2: 7}


PAIRS = {1: 11, 2: 12, 3: 13}


@pytest.mark.parametrize(
    ("predicted", "truth_says", "prediction_says"),
    [
        ([(11, 12), (12, 13)], [("kept", ""), ("kept", "")], [("kept", "")] * 2),
        ([(11, 12)], [("kept", ""), ("lost", "link")], [("kept", "")]),
        (
            [(11, 12), (12, 14)],
            [("kept", ""), ("lost", "link")],
            [("kept", ""), ("invented", "spot")],
        ),
        ([(11, 13)], [("lost", "link")] * 2, [("invented", "link")]),
        ([], [("lost", "link")] * 2, []),
    ],
)
def test_links_are_kept_lost_or_invented_with_a_reason(
    predicted, truth_says, prediction_says
):
    marked = mark_links(both(links((1, 2), (2, 3)), links(*predicted)), PAIRS)
    said = {
        side: list(
            zip(
                marked.loc[marked["source"] == side, "status"],
                marked.loc[marked["source"] == side, "reason"],
                strict=True,
            )
        )
        for side in ("truth", "prediction")
    }
    assert said == {"truth": truth_says, "prediction": prediction_says}


def test_a_link_whose_spot_was_not_found_says_so():
    marked = mark_links(both(links((1, 2)), links((11, 12))), {1: 11})
    assert marked[["status", "reason"]].to_numpy().tolist() == [
        ["lost", "spot"],
        ["invented", "spot"],
    ]


def test_spots_say_who_their_partner_is():
    sides = both(spots((1, 1, 0.0), (2, 1, 50.0)), spots((7, 1, 1.0), (8, 1, 90.0)))
    marked = mark_spots(sides, {1: 7})
    assert marked["status"].tolist() == ["matched", "missed", "matched", "invented"]
    assert marked["partner"].tolist() == [7, pd.NA, 1, pd.NA]


def test_a_track_is_as_whole_as_its_links_are_kept():
    truth = links((1, 2), (2, 3)).assign(track=[4, 4])
    marked = mark_links(both(truth, links((11, 12)).assign(track=9)), PAIRS)
    tracks = mark_tracks(
        both(pd.DataFrame({"track": [4]}), pd.DataFrame({"track": [9]})), marked
    )
    assert tracks["links_kept"].tolist() == [0.5, 1.0]


def test_tables_of_headings_alone_can_be_compared(tmp_path):
    path = tmp_path / "spots.csv"
    path.write_text("spot,track,frame,x_px,y_px,radius_px\n")
    sides = read_sides(both(path, path))
    assert match_spots(sides, max_distance_px=3) == {}
    assert mark_spots(sides, {}).empty
