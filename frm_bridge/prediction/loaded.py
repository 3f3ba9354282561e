"""A model on a device: what it is, and how one batch of windows runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from frm_bridge.errors import EnvironmentProblem, ModelError
from frm_bridge.models.card import file_sha256, first_line
from frm_bridge.prediction.providers import is_out_of_memory

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType
    from typing import Self

    import numpy as np
    from numpy.typing import NDArray

    from frm_bridge.models.card import ModelCard


class LoadedModel:
    """A model on a device, ready to run; a context manager.

    Attributes
    ----------
    path : Path
        The ``.onnx`` file.
    card : ModelCard
        The file's own, or the one that was supplied.
    sha256 : str
        Of the file.
    provider : str
        The one that really runs, read back from the session.
    warnings : tuple of str
        Why a faster device was not taken.
    precision : {"float32", "tf32"}
        Of the arithmetic.
    """

    def __init__(
        self, path: Path, card: ModelCard, session: Any, *, precision: str = "float32"
    ) -> None:
        self.path = path
        self.card = card
        self.sha256 = file_sha256(path)
        self.provider: str = session.get_providers()[0]
        self.precision = precision
        self.warnings: tuple[str, ...] = ()
        self._session = session
        self._input: str = session.get_inputs()[0].name

    def run(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        """Predict normalised windows.

        Parameters
        ----------
        batch : (n, 1, height, width) float32
            Normalised; height and width are multiples of the card's stride.

        Returns
        -------
        (n, 1, height, width) float32
            In the network's own units.

        Raises
        ------
        EnvironmentProblem
            ``E_MEMORY`` when the device has too little memory for the window.
        ModelError
            ``E_MODEL_SIZE`` when the output has another size than the window,
            ``E_MODEL_RUN`` for any other failure.
        """
        try:
            output: NDArray[np.float32] = self._session.run(None, {self._input: batch})[
                0
            ]
        except Exception as error:
            # ONNX Runtime's exceptions share no base class but Exception.
            raise self._translated(error, batch.shape) from error
        if output.shape != batch.shape:
            raise ModelError(
                "E_MODEL_SIZE",
                f"{self.path.name} made {output.shape[-2:]} px of a window of "
                f"{batch.shape[-2:]} px; one pixel for each was expected",
                "export the network so that its output has the input's height and "
                "width (padding 'same')",
            )
        return output

    def close(self) -> None:
        """Give the session's memory back."""
        self._session = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _translated(self, error: Exception, shape: tuple[int, ...]) -> Exception:
        side = f"{shape[-2]} x {shape[-1]} px"
        if isinstance(error, MemoryError) or is_out_of_memory(str(error)):
            return EnvironmentProblem(
                "E_MEMORY",
                f"{self.provider} has too little memory for a window of {side}",
                "give a smaller --window, or close other programs",
            )
        return ModelError(
            "E_MODEL_RUN",
            f"{self.path} failed on a window of {side} with {self.provider}: "
            f"{first_line(error)}",
            "check the file with 'frm-bridge models inspect', or try --device cpu",
        )
