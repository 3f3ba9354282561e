import dataclasses
import shutil

import h5py
import numpy as np
import pytest

from frm_bridge.errors import InputError
from frm_bridge.training.fields import load_fields, training_normalisation
from frm_bridge.training.fit import (
    Watcher,
    fit_network,
    read_log,
)
from frm_bridge.training.settings import Optimiser


@pytest.fixture
def fields(pairs):
    normalisation = training_normalisation("global", pairs[:2])
    return load_fields(pairs[:2], normalisation), load_fields(pairs[2:3], normalisation)


def weights_of(path):
    found = {}
    with h5py.File(path) as file:
        file["layers"].visititems(
            lambda name, item: (
                found.update({name: item[()]})
                if isinstance(item, h5py.Dataset) and item.ndim
                else None
            )
        )
    return found


def assert_same_weights(first, second):
    one, other = weights_of(first), weights_of(second)
    assert one.keys() == other.keys()
    assert len(one) > 40
    for name, values in one.items():
        np.testing.assert_array_equal(values, other[name], err_msg=name)


def test_a_seed_gives_the_same_weights_again_and_another_seed_does_not(
    fields, quick, tmp_path
):
    first, again = (
        fit_network(*fields, tmp_path / name, settings=quick) for name in "ab"
    )
    assert_same_weights(first, again)
    other = fit_network(
        *fields, tmp_path / "c", settings=dataclasses.replace(quick, seed=1)
    )
    with pytest.raises(AssertionError):
        assert_same_weights(first, other)


def stopped_in_third_epoch(fields, settings, tmp_path):
    """Give the folder of a training that broke off."""

    class Stop(Exception):
        pass

    def stop(done, total):
        if done == 5:
            raise Stop

    folder = tmp_path / "stopped"
    with pytest.raises(Stop):
        fit_network(*fields, folder, settings=settings, watcher=Watcher(step=stop))
    return folder


def test_a_training_that_was_stopped_goes_on_to_the_same_weights(
    fields, quick, tmp_path
):
    settings = dataclasses.replace(quick, epochs=4)
    whole = fit_network(*fields, tmp_path / "whole", settings=settings)

    folder = stopped_in_third_epoch(fields, settings, tmp_path)
    seen = []
    resumed = fit_network(
        *fields, folder, settings=settings, watcher=Watcher(epoch=seen.append)
    )
    assert [report.epoch for report in seen] == [3, 4]
    log = read_log(folder)
    assert [row["epoch"] for row in log] == [0, 1, 2, 3]
    assert log == read_log(tmp_path / "whole")
    assert_same_weights(whole, resumed)


def test_a_folder_with_another_training_is_refused(fields, quick, tmp_path):
    fit_network(*fields, tmp_path / "a", settings=quick)
    changed = dataclasses.replace(quick, loss="pearson")
    with pytest.raises(InputError, match="loss was mse and is pearson") as caught:
        fit_network(*fields, tmp_path / "a", settings=changed)
    assert caught.value.code == "E_RESUME"


def test_training_stops_early_and_keeps_the_best_epoch(fields, quick, tmp_path):
    # A rate so small that no weight changes: the first epoch stays the best.
    settings = dataclasses.replace(
        quick, optimiser=Optimiser("adam", 1e-30, "constant"), epochs=9, patience=2
    )
    reports = []
    fit_network(
        *fields,
        tmp_path / "a",
        settings=settings,
        watcher=Watcher(epoch=reports.append),
    )
    assert [report.best for report in reports] == [True, False, False]


def test_training_lowers_the_loss(fields, quick, tmp_path):
    settings = dataclasses.replace(quick, steps_per_epoch=8, epochs=4)
    fit_network(*fields, tmp_path / "a", settings=settings)
    losses = [row["val_loss"] for row in read_log(tmp_path / "a")]
    assert losses[-1] < 0.8 * losses[0]


def test_a_training_goes_on_with_the_same_images_alone(fields, quick, tmp_path):
    data = {"training": "abc", "validation": "def"}
    fit_network(*fields, tmp_path / "a", settings=quick, data=data)
    fit_network(*fields, tmp_path / "a", settings=quick, data=data)
    exchanged = {"training": "def", "validation": "abc"}
    with pytest.raises(
        InputError, match=r"data\.training was abc and is def"
    ) as caught:
        fit_network(*fields, tmp_path / "a", settings=quick, data=exchanged)
    assert caught.value.code == "E_RESUME"


def test_a_checkpoint_that_was_cut_off_does_not_end_a_training(fields, quick, tmp_path):
    settings = dataclasses.replace(quick, epochs=4)
    whole = fit_network(*fields, tmp_path / "whole", settings=settings)

    folder = stopped_in_third_epoch(fields, settings, tmp_path)
    # Killed while the second epoch was saved: the weights go first, the number last.
    resume = folder / "resume"
    (resume / "latest.weights.h5").write_bytes(b"")
    shutil.copy(
        resume / "training_metadata.json.bkp", resume / "training_metadata.json"
    )
    resumed = fit_network(*fields, folder, settings=settings)
    assert [row["epoch"] for row in read_log(folder)] == [0, 1, 2, 3]
    assert_same_weights(whole, resumed)
