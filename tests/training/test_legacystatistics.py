"""The four numbers, from a file of the paper's code or from its constants."""

import io
import zipfile

import numpy as np
import pytest

from frm_bridge.errors import InputError
from frm_bridge.training.legacystatistics import (
    CONDITIONS,
    find_condition,
    read_statistics,
)


def test_the_file_holds_mean_and_sd_of_input_and_output_in_turn(tmp_path):
    np.save(tmp_path / "stats_data.npy", np.array([6200.5, 1944, 2787, 3441.25]))
    scales = read_statistics(tmp_path / "stats_data.npy")
    assert (scales.input.kind, scales.input.mean, scales.input.sd) == (
        "global",
        6200.5,
        1944,
    )
    assert (scales.output.mean, scales.output.sd, scales.output.unit) == (
        2787,
        3441.25,
        "counts",
    )


def stored(array):
    content = io.BytesIO()
    np.save(content, array, allow_pickle=True)
    return content.getvalue()


def claiming(shape):
    return stored(np.zeros(4)).replace(b"(4,), }", f"({shape},), }}".encode())


def archive():
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as file:
        file.writestr("a.npy", stored(np.arange(4.0)))
    return content.getvalue()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (stored(np.array([1.0, 2, 3])), "shape .3,.; four"),
        (stored(np.array([[1.0, 2], [3, 4]])), "shape .2, 2.; four"),
        (stored(np.array(["1", "2", "3", "4"])), "<U1"),
        (stored(np.array([1.0, np.nan, 3, 4])), "sd > 0"),
        (stored(np.array([1.0, 2, np.inf, 4])), "finite mean"),
        (stored(np.array([1.0, 0, 3, 4])), "sd > 0"),
        (stored(np.array([1.0, 2, 3, -4])), "sd > 0"),
        (stored(np.array([1.0, 2, 3, None])), "cannot be read: Array can't be"),
        (b"\x80\x04K\x01.", "cannot be read"),
        (b"", "cannot be read"),
        (claiming(10**13), "cannot be read"),
        (archive(), "an archive of several arrays"),
        (b"x" * 70_000, "far too many"),
        (None, "is no file"),
    ],
)
def test_what_holds_no_statistics_is_refused(content, said, tmp_path):
    path = tmp_path / "stats_data.npy"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError, match=said) as caught:
        read_statistics(path)
    assert caught.value.code == "E_STATISTICS"
    assert "--input-mean" in caught.value.fix


def test_each_condition_is_found_by_its_name_however_it_is_written():
    assert len(CONDITIONS) == 7
    for condition in CONDITIONS:
        for name in (condition.name, condition.name.lower().replace(" ", "_")):
            assert find_condition(name) is condition


def test_the_lowest_value_the_network_can_give_is_that_of_the_paper():
    """CL-094: output mean - output sd, as the list of the paper's facts has it."""
    floors = [
        round(c.normalisation.output.mean - c.normalisation.output.sd, 1)
        for c in CONDITIONS
    ]
    assert floors == [704.4, 476.0, -425.6, -653.9, 503.6, 349.8, 226.7]


def test_an_unknown_condition_lists_the_known():
    with pytest.raises(InputError, match="MDCK 5x DAPI, MDCK 20x RFP"):
        find_condition("HeLa")
