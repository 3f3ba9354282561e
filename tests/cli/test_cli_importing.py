"""What ``models import-h5`` refuses; training/test_legacy.py has what it makes."""

import pytest

STATISTICS = ("--input-mean", 5, "--input-sd", 2, "--output-mean", 3, "--output-sd")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ((), "E_STATISTICS the weights do not say"),
        (("--input-mean", 5), "E_STATISTICS some of the four"),
        ((*STATISTICS, 1, "--condition", "KC 10x DAPI"), "more than one way"),
        ((*STATISTICS, 0), "E_NORMALISATION"),
        (("--stats", "absent.npy"), "absent.npy is no file"),
        (("--condition", "HeLa"), "E_OPTION the paper has no condition 'HeLa'"),
        ((*STATISTICS, 1, "--head", "relu"), "E_OPTION --head is 'relu'"),
        ((*STATISTICS, 1, "--name", "a/b"), "E_OPTION --name is 'a/b'"),
        ((*STATISTICS, 1), "E_WEIGHTS_FORMAT weights.h5 is no HDF5 file"),
    ],
)
def test_what_cannot_be_imported_is_explained(options, said, frm, place):
    weights = place / "weights.h5"
    weights.write_text("nothing")
    ended = frm("models", "import-h5", weights, "-o", place / "out", *options)
    assert (ended.status, ended.out) == (1, "")
    assert said in ended.err
    assert "fix: " in ended.err
    assert list(place.iterdir()) == [weights]


def test_statistics_that_lie_beside_the_weights_are_offered(frm, place):
    (place / "stats_data.npy").write_bytes(b"")
    ended = frm("models", "import-h5", place / "w.h5", "-o", place / "out")
    assert f"give --stats {place / 'stats_data.npy'}; or all of" in ended.err
    assert '"KC 10x DAPI"' in ended.err


def test_a_refusal_waits_for_no_tensorflow(in_a_process, place):
    program = ("models", "import-h5", place / "absent.h5", "-o", place / "out")
    ended = in_a_process(*program, *STATISTICS, 1, PYTHONPROFILEIMPORTTIME="1")
    assert ended.returncode == 1
    assert "E_WEIGHTS_MISSING" in ended.stderr
    assert " h5py\n" in ended.stderr
    assert "tensorflow" not in ended.stderr


def test_without_training_installed_it_says_what_to_install(frm_without, place):
    ended = frm_without(
        ("h5py", "keras", "tensorflow", "tf2onnx", "tf_keras"),
        *("models", "import-h5", place / "w.h5", "-o", place / "out"),
    )
    assert ended.status == 1
    assert "E_NO_TENSORFLOW" in ended.err
    assert ".[train]" in ended.err
