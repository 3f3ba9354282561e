"""The grey-level statistics that belong to weights of LaChance & Cohen (2020)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from frm_bridge.errors import InputError
from frm_bridge.models.normalisation import (
    InputNormalisation,
    Normalisation,
    OutputNormalisation,
)

if TYPE_CHECKING:
    from pathlib import Path

_BYTES_AT_MOST = 2**16  # four numbers and a header take 160
_ORDER = "[input mean, input sd, output mean, output sd]"


def counts_normalisation(
    input_mean: float, input_sd: float, output_mean: float, output_sd: float
) -> Normalisation:
    """Give the paper's normalisation: fixed statistics in, counts out (CL-070, CL-071).

    Raises
    ------
    InputError
        ``E_NORMALISATION`` for numbers that are not finite, or an sd that is not > 0.
    """
    return Normalisation(
        InputNormalisation("global", input_mean, input_sd),
        OutputNormalisation(output_mean, output_sd, "counts"),
    )


@dataclass(frozen=True, slots=True)
class Condition:
    """One of the paper's experiments, whose statistics its code names.

    Attributes
    ----------
    name : str
        Cells, objective and target.
    normalisation : Normalisation
        The constants of the code.
    marker, modality, objective : str
        For the model's card.
    pixel_size_um : float
        Of the camera over the objective.
    source : str
        Where the numbers stand in the project's list of the paper's facts.
    """

    name: str
    normalisation: Normalisation
    marker: str
    modality: str
    objective: str
    pixel_size_um: float
    source: str


_PHASE, _DIC = "phase contrast", "DIC"
# CL-080 to CL-086: the constants of the released code; CL-030 to CL-036: the optics.
CONDITIONS = (
    Condition(
        "MDCK 5x DAPI",
        counts_normalisation(36419.63082, 7872.98629, 7642.33462, 6937.91811),
        marker="nuclei (Hoechst)",
        modality=_PHASE,
        objective="5x/0.16",
        pixel_size_um=1.30,
        source="CL-080",
    ),
    Condition(
        "MDCK 20x RFP",
        counts_normalisation(8180.65217, 565.37316, 627.32657, 151.28858),
        marker="E-cadherin",
        modality=_DIC,
        objective="20x/0.75",
        pixel_size_um=0.365,
        source="CL-081",
    ),
    Condition(
        "MDCK 20x DAPI",
        counts_normalisation(8180.65217, 565.37316, 1789.79255, 2215.36882),
        marker="nuclei (Hoechst)",
        modality=_DIC,
        objective="20x/0.75",
        pixel_size_um=0.365,
        source="CL-082",
    ),
    Condition(
        "KC 10x DAPI",
        counts_normalisation(6201.78972, 1944.04150, 2787.14538, 3441.03697),
        marker="nuclei (Hoechst)",
        modality=_PHASE,
        objective="10x/0.3",
        pixel_size_um=0.73,
        source="CL-083",
    ),
    Condition(
        "HUVEC 20x CY5",
        counts_normalisation(10920.42865, 492.43607, 898.55859, 394.94965),
        marker="F-actin",
        modality=_DIC,
        objective="20x",
        pixel_size_um=0.365,
        source="CL-084",
    ),
    Condition(
        "HUVEC 20x YFP",
        counts_normalisation(10920.42865, 492.43607, 510.58722, 160.74766),
        marker="VE-cadherin",
        modality=_DIC,
        objective="20x",
        pixel_size_um=0.365,
        source="CL-085",
    ),
    Condition(
        "HUVEC 20x DAPI",
        counts_normalisation(10920.42865, 492.43607, 482.32611, 255.59408),
        marker="nuclei (Hoechst)",
        modality=_DIC,
        objective="20x",
        pixel_size_um=0.365,
        source="CL-086",
    ),
)


def find_condition(name: str) -> Condition:
    """Give one of the paper's experiments by name: letters' case, - and _ are equal.

    Raises
    ------
    InputError
        ``E_OPTION``; it lists the names.
    """
    wanted = _plain(name)
    for condition in CONDITIONS:
        if _plain(condition.name) == wanted:
            return condition
    raise InputError(
        "E_OPTION",
        f"the paper has no condition {name!r}; it has "
        f"{', '.join(condition.name for condition in CONDITIONS)}",
        "give one of these, or the statistics with --stats",
    )


def _plain(name: str) -> str:
    return " ".join(name.casefold().replace("-", " ").replace("_", " ").split())


def read_statistics(path: Path) -> Normalisation:
    """Read ``stats_data.npy``: input mean and sd, output mean and sd (CL-072).

    Raises
    ------
    InputError
        ``E_STATISTICS`` for a file that does not hold these four numbers, or whose
        numbers cannot be such statistics.
    """
    values = _load(path)
    # NB: mean and sd in turn: of a mistaken order there is mostly a sign.
    if values.shape != (4,) or values.dtype.kind not in "fiu":
        raise _refused(
            path,
            f"holds an array of {values.dtype} with the shape {values.shape}; four "
            f"numbers were expected: {_ORDER}",
        )
    numbers = [float(value) for value in values]
    try:
        return counts_normalisation(*numbers)
    except InputError as error:
        raise _refused(
            path, f"holds {numbers} for {_ORDER}: {error.message}"
        ) from error


def _load(path: Path) -> np.ndarray[tuple[int, ...], np.dtype[np.generic]]:
    if not path.is_file():
        raise _refused(path, "is no file")
    if path.stat().st_size > _BYTES_AT_MOST:
        raise _refused(path, f"has {path.stat().st_size:,} bytes, far too many")
    try:
        # NB: mapped, so that a header cannot ask for memory that no numbers follow.
        values = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, EOFError, TypeError, ValueError) as error:
        raise _refused(path, f"cannot be read: {error}") from error
    if not isinstance(values, np.ndarray):
        values.close()
        raise _refused(path, "is an archive of several arrays")
    return np.array(values)


def _refused(path: Path, found: str) -> InputError:
    return InputError(
        "E_STATISTICS",
        f"{path} {found}",
        "give the stats_data.npy of this very training; or type the four numbers: "
        "--input-mean, --input-sd, --output-mean and --output-sd",
    )
