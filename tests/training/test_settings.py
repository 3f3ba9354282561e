import pytest

from frm_bridge.errors import InputError
from frm_bridge.training.settings import TrainingSettings, published_settings


def test_published_settings_are_the_released_codes():
    settings = published_settings()
    optimiser = settings.optimiser.build(1)
    assert type(optimiser).__name__ == "Adadelta"
    assert float(optimiser.learning_rate) == 1.0
    assert (optimiser.rho, optimiser.epsilon) == (0.95, 1e-7)
    assert (settings.batch_size, settings.epochs, settings.patience) == (32, 10_000, 75)
    assert (settings.network.head, settings.loss) == ("elu", "mse")
    assert settings.normalise == "global"


def test_impossible_counts_are_refused():
    with pytest.raises(InputError, match="epochs"):
        TrainingSettings(epochs=0)
