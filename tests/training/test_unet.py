import numpy as np
import pytest

from frm_bridge.errors import InputError
from frm_bridge.training.unet import Network, build_unet, receptive_field

PARAMETERS = {1: 1_938_625, 2: 3_881_585}


@pytest.mark.parametrize("stacks", [1, 2])
def test_network_has_the_papers_number_of_parameters(stacks):
    assert build_unet(Network(stacks=stacks)).count_params() == PARAMETERS[stacks]


@pytest.mark.parametrize(("stacks", "margin", "halo"), [(1, 94, 96), (2, 190, 192)])
def test_receptive_field_is_the_papers_network_by_interval_arithmetic(
    stacks, margin, halo
):
    field = receptive_field(Network(stacks=stacks))
    assert (field.stride, field.margin, field.halo) == (16, margin, halo)


def test_real_network_reads_no_further_than_its_receptive_field():
    network = Network()
    margin = receptive_field(network).margin
    model = build_unet(network)
    size, core = 256, slice(112, 128)  # one aligned core of 16 px
    image = np.random.default_rng(0).normal(size=(1, size, 16, 1)).astype("float32")
    seen = model(image)[0, core]

    def changes(row):
        touched = image.copy()
        touched[0, row] += 10
        return bool(np.any(np.asarray(model(touched)[0, core]) != np.asarray(seen)))

    assert not changes(core.start - margin - 1)
    assert not changes(core.stop + margin)
    assert changes(core.start - 80)


def test_dropout_rates_are_those_of_the_released_code():
    layers = build_unet(Network()).layers
    rates = [layer.rate for layer in layers if "dropout" in layer.name]
    assert rates == [0.1, 0.1, 0.2, 0.2, 0.3, 0.2, 0.2, 0.1, 0.1]


@pytest.mark.parametrize(("head", "expected"), [("elu", "elu"), ("linear", "linear")])
def test_head_is_linear_or_elu(head, expected):
    last = build_unet(Network(head=head)).layers[-1]
    assert last.activation.__name__ == expected
    assert last.kernel_size == (3, 3)


def test_unknown_variants_are_refused():
    with pytest.raises(InputError, match="1 or 2 stacks"):
        Network(stacks=3)
