"""Call the server from Python: from a notebook, or another program.

::

    with frm_bridge.connect() as frm:
        stain = frm.predict(pixels, "nuclei-brightfield")       # array in, array out
        frm.predict("bf.tif", "nuclei-brightfield", "out.tif")  # or files
        frm.analyze("out.tif", "nuclei", "measured")

Models and ImageJ stay ready in the server, for all programs and macros of this user.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, Self, Unpack, overload

from frm_bridge.doors.connection import Connection
from frm_bridge.doors.reading import parse_fields
from frm_bridge.doors.request import named_models, named_workflow, with_whole_paths
from frm_bridge.errors import FrmError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from frm_bridge.doors.answer import Answer
    from frm_bridge.doors.pendingjob import PendingJob, Progress
    from frm_bridge.doors.predictoptions import PredictOptions
    from frm_bridge.doors.request import Request
    from frm_bridge.imagej import Workflow
    from frm_bridge.prediction.providers import Device

    Pixels = str | Path | NDArray[Any]
    Models = str | Path | Sequence[str | Path]

_log = logging.getLogger(__name__)


def connect(*, start: bool = True) -> Client:
    """Connect to this user's server, in which models and ImageJ stay ready.

    Parameters
    ----------
    start : bool
        Start it where none runs. It ends by itself 20 minutes after the last request.

    Returns
    -------
    Client
        To be used in a ``with`` statement, or closed.

    Raises
    ------
    EnvironmentProblem
        ``E_NO_SERVER``, ``E_SERVER_VERSION``, ``E_SERVER_START``.
    """
    return Client(start=start)


class Client:
    """Asks the server; made by `connect`.

    Its jobs go on while it is open, also those that nobody waits for. Leaving its
    ``with`` statement waits for all; `close`, or an exception, cancels those that are
    not done. If Python ends without either, the server cancels them after 10 s.
    """

    def __init__(self, *, start: bool = True) -> None:
        self._connection = Connection(start=start)

    @overload
    def predict(
        self,
        image: Pixels,
        model: Models,
        output: None = None,
        **options: Unpack[PredictOptions],
    ) -> NDArray[Any]: ...

    @overload
    def predict(
        self,
        image: Pixels,
        model: Models,
        output: str | Path,
        **options: Unpack[PredictOptions],
    ) -> Answer: ...

    def predict(
        self,
        image: Pixels,
        model: Models,
        output: str | Path | None = None,
        *,
        channel: int | None = None,
        window: int | None = None,
        device: Device = "auto",
        require_gpu: bool = False,
        match_scale: bool = False,
        match_intensity: bool = False,
        pixel_size_um: float | None = None,
        force: bool = False,
        overwrite: bool = False,
        progress: Progress | None = None,
    ) -> Answer | NDArray[Any]:
        """Predict fluorescence, by :func:`~frm_bridge.predict_file` in the server.

        Parameters
        ----------
        image : str, Path or (height, width) or (planes, height, width) array
            Transmitted light: a file, or grey levels of any real type.
        model : str or Path, or a sequence of them
            A file or the name of a shipped model; several give a channel for each.
        output : str or Path, optional
            The TIFF to write. Without it the prediction is given as an array.
        channel, window, device, require_gpu, force, overwrite
            As for :func:`~frm_bridge.predict_file`.
        match_scale, match_intensity, pixel_size_um
            As for a `Request`.
        progress
            As for `PendingJob.wait`; in windows.

        Returns
        -------
        Answer or array
            With ``output`` what was written, and how. Without it the pixels that
            `predict_file` would write, in the image's shape; several models put their
            channels before the rows. Warnings are logged.

        Raises
        ------
        FrmError
            As :func:`~frm_bridge.predict_file`, and as `PendingJob.wait`.
        """
        from frm_bridge.doors.arrays import files_for, read_pixels

        with files_for(image, output) as (source, target):
            answer = self.submit(
                action="predict",
                input=source,
                input_title="" if source is image else "the array",
                output=target,
                model=named_models(model),
                channel=channel,
                window=window,
                device=device,
                require_gpu=require_gpu,
                match_scale=match_scale,
                match_intensity=match_intensity,
                pixel_size_um=pixel_size_um,
                force=force,
                overwrite=overwrite,
            ).wait(progress)
            if output is not None:
                return answer
            for note in answer.warnings:
                _log.warning(note)
            pixels = read_pixels(target)
        shape = getattr(image, "shape", pixels.shape)  # a file has no axes of length 1
        return pixels if len(answer.model_sha256) > 1 else pixels.reshape(shape)

    def analyze(
        self,
        image: str | Path,
        workflow: str | Path | Workflow,
        output: str | Path,
        *,
        parameters: Mapping[str, object] | None = None,
        pixel_size_um: float | None = None,
        channel: int | None = None,
        overwrite: bool = False,
        progress: Progress | None = None,
    ) -> Answer:
        """Measure an image, by :func:`~frm_bridge.run_workflow` in the server.

        Parameters
        ----------
        image : str or Path
            A file.
        workflow : str, Path or Workflow
            A name, a script, or what `nuclei` and `junctions` give.
        output : str or Path
            The folder of the results.
        parameters : mapping, optional
            Those of the workflow that are not to have their defaults.
        pixel_size_um, channel, overwrite
            As for :func:`~frm_bridge.run_workflow`.
        progress
            As for `PendingJob.wait`.

        Raises
        ------
        FrmError
            As :func:`~frm_bridge.run_workflow`, and as `PendingJob.wait`.
        """
        return self.submit(
            action="analyze",
            input=image,
            output=output,
            **named_workflow(workflow, parameters),
            pixel_size_um=pixel_size_um,
            channel=channel,
            overwrite=overwrite,
        ).wait(progress)

    def compare(
        self,
        truth: str | Path,
        prediction: str | Path,
        workflow: str | Path | Workflow,
        output: str | Path,
        *,
        parameters: Mapping[str, object] | None = None,
        min_iou: float | None = None,
        pixel_size_um: float | None = None,
        overwrite: bool = False,
        progress: Progress | None = None,
    ) -> Answer:
        """Compare truth and prediction, by :func:`~frm_bridge.compare` in the server.

        Parameters
        ----------
        truth, prediction : str or Path
            Two files, or two folders of files of the same names.
        workflow, output, parameters
            As for `analyze`.
        min_iou, pixel_size_um, overwrite
            As for :func:`~frm_bridge.compare`.
        progress
            As for `PendingJob.wait`; in runs of the workflow.

        Returns
        -------
        Answer
            The report first; its message is what came out, in one sentence.

        Raises
        ------
        FrmError
            As :func:`~frm_bridge.compare`, and as `PendingJob.wait`.
        """
        return self.submit(
            action="compare",
            input=prediction,
            output=output,
            **named_workflow(workflow, parameters),
            truth=truth,
            min_iou=min_iou,
            pixel_size_um=pixel_size_um,
            overwrite=overwrite,
        ).wait(progress)

    def submit(self, request: Request | None = None, **fields: object) -> PendingJob:
        """Ask for something, and do not wait for it.

        Parameters
        ----------
        request : Request, optional
            What is asked for. Relative paths mean this program's folder.
        **fields
            Or ``action="predict", input="bf.tif", ...``.

        Returns
        -------
        PendingJob
            To be waited for; several in any order.

        Raises
        ------
        FrmError
            ``E_REQUEST``, ``E_MODEL_MISSING``, ``E_CLIENT_CLOSED``; of a new server
            what `connect` raises.
        """
        asked = request or parse_fields(fields)
        return self._connection.send(with_whole_paths(asked))

    def close(self) -> None:
        """Cancel what is not done, and go."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        try:
            for job in self._connection.unfinished() if kind is None else ():
                try:
                    job.wait()
                except FrmError as failure:
                    _log.warning("%r: %s", job, failure)
        finally:
            self.close()

    def __repr__(self) -> str:
        if (line := self._connection).closed:
            return "<frm_bridge client, closed>"
        server = f"{line.server.url}, process {line.server.pid}"
        return f"<frm_bridge client of {server}; {len(line.unfinished())} jobs to do>"
