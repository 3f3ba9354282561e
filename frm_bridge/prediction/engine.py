"""Predict fluorescence for an array or an image file."""

from __future__ import annotations

import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from frm_bridge.errors import OutputError
from frm_bridge.images import check_array, create_image, open_image
from frm_bridge.outputs import check_absent
from frm_bridge.prediction.arrays import ArrayImage, predict_into
from frm_bridge.prediction.gatekeeping import gate_lines, gate_warnings, pass_gate
from frm_bridge.prediction.job import Algorithm, Job, open_models, plan_job
from frm_bridge.prediction.layout import (
    OutputType,
    as_counts,
    channel_warnings,
    check_channels,
    output_dtype,
    output_layout,
    output_unit,
)
from frm_bridge.prediction.loaded import LoadedModel
from frm_bridge.prediction.provenance import describe

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from frm_bridge.prediction.exact import Progress, Tiles
    from frm_bridge.prediction.gate import Verdict
    from frm_bridge.prediction.matching import Matching
    from frm_bridge.prediction.providers import Device


@dataclass(frozen=True, slots=True)
class PredictionReport:
    """What was predicted, and how.

    Attributes
    ----------
    output : Path
        The image that was written.
    model_names, model_sha256 : tuple of str
        One for each channel.
    provider : str
        ONNX Runtime's name of what really ran; several are joined by ", ".
    algorithm : {"exact", "paper"}
        How windows were joined.
    dtype : {"uint16", "float32"}
        Of the output.
    unit : {"counts", "relative", "mixed"}
        ``relative``: intensity is not comparable between fields.
    window : int
        The windows' longer side, in px.
    windows : int
        How many were computed.
    seconds : float
        From opening the models to the finished file.
    warnings : tuple of str
        A smaller window, a slower device, another pixel size than in training.
    verdict : Verdict
        What the drift gate says of the image.
    factors : tuple of float
        How many times each model's image was enlarged along a side; 1 for as it is.
    matching : tuple of str
        What was done to match the image to the models, in sentences.
    """

    output: Path
    model_names: tuple[str, ...]
    model_sha256: tuple[str, ...]
    provider: str
    algorithm: Algorithm
    dtype: str
    unit: str
    window: int
    windows: int
    seconds: float
    warnings: tuple[str, ...]
    verdict: Verdict
    factors: tuple[float, ...] = (1.0,)
    matching: tuple[str, ...] = ()


def predict_image(
    image: NDArray[Any],
    model: str | Path | LoadedModel,
    *,
    window: int | None = None,
    device: Device = "auto",
    require_gpu: bool = False,
    algorithm: Algorithm = "exact",
    force: bool = False,
    progress: Progress | None = None,
    matching: Matching | None = None,
) -> NDArray[np.float32]:
    """Predict one plane that is in memory.

    Parameters
    ----------
    image : (height, width) array of any real dtype
        Transmitted light, in grey levels, at least 16 px on each side.
    model : str, Path or LoadedModel
        A file, the name of a shipped model, or a model that is open already.
    window : int, optional
        Largest side of a window in px; by default from free memory.
    device, require_gpu
        As for :func:`~frm_bridge.prediction.runtime.open_model`; without effect on a
        model that is open already.
    algorithm : {"exact", "paper"}
        ``paper``: the published overlapping windows, with their black frame.
    force : bool
        Predict an image that the drift gate judges red.
    progress : callable, optional
        (windows done, windows in all); it starts again if memory ran out.
    matching : Matching, optional
        Bring the image of another microscope to the model's scale, or grey levels; the
        prediction has the image's own shape all the same.

    Returns
    -------
    (height, width) float32
        Grey levels of the training camera, or relative units, as the card says; not
        clipped and not rounded.

    Raises
    ------
    FrmError
        As for :func:`predict_file`.
    """
    check_array(image)
    prediction = np.empty(image.shape, np.float32)
    how: dict[str, Any] = {
        "algorithm": algorithm,
        "force": force,
        "progress": progress,
        "matching": matching,
    }
    with ExitStack() as stack:
        (loaded,) = open_models([model], device, require_gpu, stack)
        predict_into(ArrayImage(image), loaded, prediction, window=window, **how)
    return prediction


def predict_file(
    image: str | Path,
    models: str | Path | LoadedModel | Sequence[str | Path | LoadedModel],
    output: str | Path,
    *,
    channel: int | None = None,
    dtype: OutputType = "auto",
    window: int | None = None,
    device: Device = "auto",
    require_gpu: bool = False,
    algorithm: Algorithm = "exact",
    overwrite: bool = False,
    force: bool = False,
    progress: Progress | None = None,
    matching: Matching | None = None,
) -> PredictionReport:
    """Predict every plane of an image file into an ImageJ TIFF.

    Parameters
    ----------
    image : str or Path
        Transmitted light; T and Z are predicted plane by plane, in order.
    models : str, Path or LoadedModel, or a sequence of them
        Several give one image with a channel for each, named by its marker.
    output : str or Path
        The TIFF, with the input's size, axes, pixel size and frame interval.
    channel : int, optional
        The image's channel of transmitted light, counted from 1 as in ImageJ. Without
        it every channel is predicted, with a warning.
    dtype : {"auto", "uint16", "float32"}
        ``auto``: uint16, rounded and clipped to 0..65535, when all models predict
        counts, else float32.
    window, device, require_gpu, algorithm, progress, matching
        As for :func:`predict_image`.
    overwrite : bool
        Replace an existing output.
    force : bool
        Predict an image that the drift gate judges red, and say so in the output.

    Returns
    -------
    PredictionReport
        What ran.

    Raises
    ------
    InputError
        The image's own (``E_IMAGE_...``), ``E_CHANNELS``, ``E_OUTPUT_DTYPE``,
        ``E_PAPER_SIZE``, ``E_WINDOW``, ``E_DRIFT`` where the gate says red; of a
        matching ``E_PIXEL_SIZE``, ``E_PIXEL_SIZE_MODEL``, ``E_SCALE``.
    OutputError
        ``E_OUTPUT_EXISTS``, ``E_OUTPUT_IS_INPUT``, ``E_OUTPUT_READ_ONLY``,
        ``E_OUTPUT_FOLDER``, ``E_DISK_FULL``.
    ModelError, EnvironmentProblem
        Those of :func:`~frm_bridge.prediction.runtime.open_model`; ``E_MEMORY`` when
        the smallest window is still too large.
    """
    started = time.perf_counter()
    image, output = Path(image), Path(output)
    if isinstance(models, str | Path | LoadedModel):
        models = [models]
    if output.suffix.lower() not in {".tif", ".tiff"}:
        raise OutputError(
            "E_OUTPUT_NAME",
            f"a prediction is a TIFF, and {output.name} is no name of one",
            "let it end in .tif",
        )
    _refuse_itself(image, output)
    check_absent(output, overwrite=overwrite)
    with ExitStack() as stack:
        source = stack.enter_context(open_image(image, channel=channel))
        loaded = open_models(models, device, require_gpu, stack)
        check_channels(source.info, loaded)
        unit = output_unit(loaded)
        kind = output_dtype(dtype, unit)
        how: dict[str, Any] = {"algorithm": algorithm, "progress": progress}
        job = plan_job(source, loaded, **how, matching=matching)
        verdict = pass_gate(job.views, force=force)
        about = gate_lines(verdict)
        if channel is not None:
            about["frm_bridge.source_channel"] = str(channel)
        tiles, problems = job.until_it_fits(
            lambda side: _write_file(
                job, output, side, kind, about=about, overwrite=overwrite
            ),
            window,
        )
        notes = [note for model in loaded for note in model.warnings]
        notes += [
            *(f"{image.name}: {note}" for note in source.info.notes),
            *channel_warnings(source.info),
            *job.notes(),
            *gate_warnings(verdict, image.name),
            *problems,
        ]
    return PredictionReport(
        output=output,
        model_names=tuple(model.card.name for model in loaded),
        model_sha256=tuple(model.sha256 for model in loaded),
        provider=", ".join(dict.fromkeys(model.provider for model in loaded)),
        algorithm=algorithm,
        dtype=kind,
        unit=unit,
        window=tiles.side,
        windows=tiles.count,
        seconds=time.perf_counter() - started,
        warnings=tuple(dict.fromkeys(notes)),
        verdict=verdict,
        factors=tuple(view.factor for view in job.views),
        matching=tuple(job.matching.sentences(job.source.info, job.views)),
    )


def _refuse_itself(image: Path, output: Path) -> None:
    """Keep the transmitted light from being replaced by its prediction."""
    if image.is_file() and output.is_file() and output.samefile(image):
        raise OutputError(
            "E_OUTPUT_IS_INPUT",
            f"the prediction would be written over the image {image}",
            "choose another --output",
        )


def _write_file(
    job: Job,
    output: Path,
    side: int,
    kind: str,
    *,
    about: dict[str, str],
    overwrite: bool,
) -> Tiles:
    """Predict into a file that appears when it is complete."""
    info, models = job.source.info, job.models
    lines = describe(job, window=side)
    layout = output_layout(info, models)
    with create_image(
        output, **layout, dtype=kind, properties=lines | about, overwrite=overwrite
    ) as writer:

        def write(
            place: int, plane: int, y: int, x: int, values: NDArray[np.float32]
        ) -> None:
            pixels = as_counts(values) if kind == "uint16" else values
            writer.write_window(plane * len(models) + place, y, x, pixels)

        return job.predict(side, write)
