"""The loss curves of a training, as a picture (S10 Fig of the paper)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from frm_bridge.outputs import replacing

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path


def draw_curves(
    history: Sequence[Mapping[str, float]], path: Path, *, overwrite: bool = False
) -> None:
    """Draw training and validation loss against the epoch.

    Parameters
    ----------
    history : sequence of mapping
        Rows with ``epoch`` (from 0), ``loss`` and ``val_loss``.
    path : Path
        A ``.png`` file.
    overwrite : bool
        Replace an existing file.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6, 4), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    epochs = [row["epoch"] + 1 for row in history]
    axes.plot(epochs, [row["loss"] for row in history], label="training", color="0.4")
    validation = [row["val_loss"] for row in history]
    axes.plot(epochs, validation, label="validation", color="#c2185b")
    best = min(range(len(history)), key=validation.__getitem__)
    axes.plot(epochs[best], validation[best], "o", color="#c2185b")
    axes.annotate(
        f"best: epoch {epochs[best]:.0f}",
        (epochs[best], validation[best]),
        textcoords="offset points",
        xytext=(0, -14),
        ha="center",
    )
    if min(validation) > 0:
        axes.set_yscale("log")
    axes.set(xlabel="epoch", ylabel="loss (normalised units)")
    axes.legend(frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
    with replacing(path, overwrite=overwrite) as partial:
        figure.savefig(partial, dpi=150)
