"""Files that Keras 2 wrote, made into our models, give what Keras 2 predicts."""

from __future__ import annotations

import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import h5py
import numpy as np
import pytest

from frm_bridge.cli import main
from frm_bridge.errors import InputError, ModelError
from frm_bridge.models.card import ModelCard, file_sha256, read_card
from frm_bridge.prediction.engine import predict_image
from frm_bridge.prediction.runtime import open_model
from frm_bridge.training.legacy import import_h5
from frm_bridge.training.legacyfile import read_weights
from frm_bridge.training.legacystatistics import read_statistics
from frm_bridge.training.unet import Network, build_unet

WRITER = Path(__file__).with_name("keras2_files.py")


@pytest.fixture(scope="module")
def keras2(tmp_path_factory):
    """The folder that Keras 2 filled, in a process of its own."""
    folder = tmp_path_factory.mktemp("keras2")
    done = subprocess.run(
        [sys.executable, WRITER, folder], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return folder


@pytest.fixture(scope="module")
def card(keras2):
    return ModelCard(
        name="legacy",
        marker="nuclei",
        modality="phase contrast",
        normalisation=read_statistics(keras2 / "stats_data.npy"),
    )


@pytest.fixture(scope="module")
def imported(keras2, card, tmp_path_factory):
    """Import a file once: its stem to what the import gave."""
    folder = tmp_path_factory.mktemp("imported")
    made = {}

    def get(stem):
        if stem not in made:
            path = folder / f"{stem}.onnx"
            made[stem] = import_h5(keras2 / f"{stem}.h5", path, card=card)
        return made[stem]

    return get


@pytest.fixture
def agrees(keras2):
    """Check that a model gives what Keras 2 gave, on an image of another size."""

    def check(path, name):
        with np.load(keras2 / "answers.npz") as answers:
            image, expected = answers["image"], answers[name]
        with open_model(path, device="cpu") as model:
            found = predict_image(image, model)
        assert expected.std() > 1000
        assert np.abs(found - expected).max() < 1e-4 * expected.std()

    return check


@pytest.fixture
def changed(keras2, tmp_path):
    """Copy the weights of one stack, and change the copy."""

    def change(do, name="one_alone.h5"):
        path = tmp_path / "changed.h5"
        path.write_bytes((keras2 / name).read_bytes())
        with h5py.File(path, "r+") as file:
            do(file)
        return path

    return change


@pytest.mark.parametrize(("name", "stacks"), [("one", 1), ("two", 2)])
def test_an_import_predicts_the_counts_that_keras_2_predicts(
    name, stacks, imported, agrees
):
    made = imported(name)
    assert (made.card.stacks, made.card.head) == (stacks, "elu")
    assert made.card.parity_error_sd < 1e-4
    agrees(made.path, name)


def test_the_command_imports_weights_alone_and_says_what_it_did(
    keras2, tmp_path, capsys, agrees
):
    options = ["--stats", str(keras2 / "stats_data.npy"), "-o", str(tmp_path / "out")]
    words = ["--marker", "nuclei", "--objective", "10x/0.3", "--pixel-size", "0.73"]
    source = str(keras2 / "offset_alone.h5")
    assert main(["models", "import-h5", source, *options, *words]) == 0
    printed = capsys.readouterr()
    path = tmp_path / "out" / "offset_alone.onnx"
    assert "1,938,625 weights (weights alone, Keras 2.21.0)" in printed.out
    assert "mean 6200.5, sd 1944.25 grey levels" in printed.out
    assert str(path) in printed.out
    assert "warning: offset_alone.h5 holds weights alone" in printed.err
    stored = read_card(path)
    assert (stored.name, stored.marker) == ("offset_alone", "nuclei")
    assert (stored.objective, stored.pixel_size_um) == ("10x/0.3", 0.73)
    agrees(path, "offset")
    assert main(["models", "inspect", str(path)]) == 0
    assert "imported from offset_alone.h5, sha256" in capsys.readouterr().out


def test_a_condition_fills_in_the_card_and_own_words_are_kept(
    keras2, tmp_path, capsys, agrees
):
    options = ["--condition", "kc_10X-dapi", "--licence", "CC0", "--author", "A"]
    command = ["models", "import-h5", str(keras2 / "linear.h5"), "-o", str(tmp_path)]
    assert main([*command, *options]) == 0
    assert "trained with the loss pear_corr" in capsys.readouterr().err
    path = tmp_path / "kc-10x-dapi.onnx"
    agrees(path, "linear")
    stored = read_card(path)
    assert stored.head == "linear"
    assert stored.normalisation.input.mean == 6201.78972
    assert (stored.modality, stored.objective) == ("phase contrast", "10x/0.3")
    assert (stored.licence, stored.authors) == ("CC0", ("A",))
    assert stored.training["statistics"] == "KC 10x DAPI (CL-083)"
    assert "pcbi.1008443" in stored.citation
    assert "intensity" in stored.not_good_for[0]
    assert main([*command, *options]) == 1
    assert "E_OUTPUT_EXISTS" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("file", "same"),
    [
        ("one_alone", "one"),
        ("wrapped", "offset_alone"),
        ("wrapped_alone", "offset_alone"),
        ("two_alone", "two"),
    ],
)
def test_a_file_holds_the_same_weights_in_every_form(file, same, keras2):
    found, expected = (read_weights(keras2 / f"{name}.h5") for name in (file, same))
    assert found.stacks == expected.stacks
    for layer, other in zip(found.layers, expected.layers, strict=True):
        for values, others in zip(layer, other, strict=True):
            assert values.dtype == np.float32
            assert np.array_equal(values, others)


def test_parameters_are_counted_as_the_paper_has_them(keras2):
    counts = [read_weights(keras2 / f"{n}.h5").parameters for n in ("one", "two_alone")]
    assert counts == [1_938_625, 3_881_585]


def test_the_python_inside_a_file_is_not_run(keras2):
    read = read_weights(keras2 / "wrapped.h5")
    assert (read.is_wrapped, read.head) == (True, "elu")
    with h5py.File(keras2 / "wrapped.h5") as file:
        assert '"Lambda"' in file.attrs["model_config"]
    assert not (keras2 / "run").exists()


def test_the_card_says_where_the_weights_come_from(imported, keras2):
    made = imported("one")
    stored = read_card(made.path)
    assert stored == made.card
    digest = file_sha256(keras2 / "one.h5")
    assert stored.training["origin"] == f"imported from one.h5, sha256 {digest}"
    assert stored.training["saved"] == "whole model"
    assert stored.training["loss"] == "mean_squared_error"
    assert stored.licence.startswith("unknown: ")
    assert stored.normalisation.input.kind == "global"
    assert stored.normalisation.output.unit == "counts"
    assert (stored.stride, stored.halo, stored.margin) == (16, 96, 94)
    assert (made.warnings, stored.not_good_for) == ((), ())


def test_a_whole_model_that_keras_3_saved_is_read(tmp_path):
    model = build_unet(Network(2, "elu"))
    model.save(tmp_path / "k3.h5")
    read = read_weights(tmp_path / "k3.h5")
    assert (read.stacks, read.head) == (2, "elu")
    found = [values for layer in read.layers for values in layer]
    for values, expected in zip(found, model.get_weights(), strict=True):
        assert np.array_equal(values, expected)


@pytest.mark.parametrize(
    ("file", "said"),
    [
        ("deeper_alone", "the 'deeper' 2-stack network"),
        ("skip_first", "'Concatenate' of step 11 and 15 where"),
        ("relu", "16 by 1, same, relu' of step 0 where"),
        ("normalised_alone", "as layer 3 batch_normalization 16 and 16"),
        ("dense", "Found 1 layer.s. with weights: dense 4x3 and 3"),
    ],
)
def test_another_network_is_refused_and_described(file, said, keras2, card, tmp_path):
    with pytest.raises(ModelError, match=said) as caught:
        import_h5(keras2 / f"{file}.h5", tmp_path / "m.onnx", card=card)
    assert caught.value.code == "E_WEIGHTS_NETWORK"
    assert list(tmp_path.iterdir()) == []


def test_weights_of_keras_3_say_what_to_do(keras2):
    with pytest.raises(ModelError, match="Keras 3") as caught:
        read_weights(keras2 / "new.weights.h5")
    assert "model.save('NAME.h5')" in caught.value.fix


def test_a_head_that_the_file_contradicts_is_refused(keras2, card, tmp_path):
    with pytest.raises(InputError, match="activation is elu, not linear"):
        import_h5(keras2 / "one.h5", tmp_path / "m.onnx", card=card, head="linear")


def swap_two_layers(file):
    names = list(file.attrs["layer_names"])
    first, second = names.index("conv2d_2"), names.index("conv2d_3")
    names[first], names[second] = names[second], names[first]
    file.attrs["layer_names"] = names


def drop_a_layer(file):
    del file["conv2d_2"]


def rewrite(file, **options):
    values = file["conv2d/conv2d/kernel:0"][()]
    del file["conv2d/conv2d/kernel:0"]
    file["conv2d"].create_dataset("conv2d/kernel:0", data=values, **options)


def as_integers(file):
    rewrite(file, dtype="int32")


def compress(file):
    rewrite(file, compression="gzip")


def put_nan(file):
    file["conv2d_9/conv2d_9/bias:0"][3] = np.nan


@pytest.mark.parametrize(
    ("do", "code", "said"),
    [
        (swap_two_layers, "E_WEIGHTS_NETWORK", "layer 3 conv2d_3 3x3 32 to 32 stands"),
        (drop_a_layer, "E_WEIGHTS_FORMAT", "damaged"),
        (as_integers, "E_WEIGHTS_FORMAT", "as int32; whole arrays"),
        (compress, "E_WEIGHTS_FORMAT", "float32 in pieces"),
        (put_nan, "E_WEIGHTS_VALUES", "infinity in /conv2d_9/conv2d_9/bias:0"),
    ],
)
def test_a_changed_file_is_refused(do, code, said, changed):
    with pytest.raises(ModelError, match=said) as caught:
        read_weights(changed(do))
    assert caught.value.code == code


def test_layers_of_one_shape_in_another_order_are_refused(changed):
    """Of one shape, so that a whole model's own description alone tells."""

    def swap(file):
        group = file["model_weights"]
        names = list(group.attrs["layer_names"])
        assert group["conv2d_15/conv2d_15/kernel:0"].shape == (3, 3, 32, 32)
        first, second = names.index("conv2d_3"), names.index("conv2d_15")
        names[first], names[second] = names[second], names[first]
        group.attrs["layer_names"] = names

    with pytest.raises(ModelError, match="in another order than"):
        read_weights(changed(swap, "one.h5"))


def test_names_that_keras_cut_up_are_read(changed, keras2):
    def cut_up(file):
        names = file.attrs["layer_names"]
        del file.attrs["layer_names"]
        file.attrs["layer_names0"] = names[:7]
        file.attrs["layer_names1"] = names[7:]

    found = read_weights(changed(cut_up))
    expected = read_weights(keras2 / "one_alone.h5")
    assert np.array_equal(found.layers[-1][0], expected.layers[-1][0])


@pytest.mark.parametrize("name", ["one.h5", "wrapped_alone.h5"])
def test_a_damaged_file_is_refused_or_read_but_never_a_fault(name, keras2, tmp_path):
    content = (keras2 / name).read_bytes()
    path = tmp_path / "damaged.h5"
    random = np.random.default_rng(0)
    read = 0
    for number in range(60):
        damaged = bytearray(content)
        if number < 20:
            damaged = damaged[: random.integers(9, len(content) - 4)]
        else:  # where the names and addresses are
            for place in random.integers(8, 20_000, 30):
                damaged[place] = random.integers(256)
        path.write_bytes(damaged)
        with suppress(ModelError):
            read_weights(path)
            read += 1
    assert read < 40
