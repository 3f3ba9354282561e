"""``models verify``: whether a model file does here what it says of itself.

Needs nothing but ONNX Runtime: a package made with other libraries is checked without
them.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from frm_bridge.models.archive import open_package
from frm_bridge.models.card import card_of, file_sha256
from frm_bridge.models.description import (
    declared_tolerance,
    find_card,
    golden_files,
    package_folder,
)
from frm_bridge.models.graphcheck import check_graph
from frm_bridge.models.lint import lint_description, lint_graph
from frm_bridge.models.packagefolder import declared_files
from frm_bridge.models.rdf import find_rdf, read_rdf
from frm_bridge.models.registry import find_model
from frm_bridge.models.seal import MANIFEST, broken_seal
from frm_bridge.models.tensors import as_mapping
from frm_bridge.prediction.trials import (
    Check,
    Golden,
    read_golden,
    try_golden,
    try_tiles,
)

if TYPE_CHECKING:
    import onnx

    from frm_bridge.models.card import ModelCard

PARITY_LIMIT_SD = 1e-4  # what the export allows


@dataclass(frozen=True, slots=True)
class Verification:
    """All that was checked of a model.

    Attributes
    ----------
    model : Path
        The package or file, as it was given.
    weights : Path
        The ``.onnx`` file that was run.
    sha256 : str
        Of the ``.onnx`` file.
    name, version : str
        As the card says; empty without one.
    checks : tuple of Check
        In the order in which they ran.
    """

    model: Path
    weights: Path
    sha256: str
    name: str
    version: str
    checks: tuple[Check, ...]

    @property
    def passed(self) -> bool:
        """Whether there is no fault."""
        return all(check.state != "fault" for check in self.checks)


@dataclass(frozen=True, slots=True)
class _Subject:
    """What the checks look at: a file, and the package around it if there is one."""

    given: Path
    folder: Path | None
    weights: Path
    graph: onnx.ModelProto
    description: dict[str, Any]

    @property
    def is_ours(self) -> bool:
        return card_of(self.graph) is not None


def verify_package(model: str | Path) -> Verification:
    """Check a package (zip or folder), a bare ``.onnx`` file, or a model by name.

    Hashes first, then what the graph may do, and only then it runs: the golden pair
    on every device that works here, tiles against one window, the parity that the
    card states, and what other programs will not like.

    Parameters
    ----------
    model : str or Path
        As for :func:`~frm_bridge.models.registry.find_model`.

    Returns
    -------
    Verification
        What was found; a prediction that differs is a fault in it, no exception.

    Raises
    ------
    ModelError
        For what cannot be run at all: ``E_MODEL_...``, and ``E_PACKAGE_...`` for
        packages that are damaged or not safe.
    """
    subject = _open(model)
    checks = [*_check_files(subject)]
    nodes = len(subject.graph.graph.node)
    checks.append(Check("graph", "ok", f"{nodes} nodes, all of them ONNX's own"))
    if all(check.state != "fault" for check in checks):
        checks += _check_predictions(subject)
    checks += _check_words(subject)
    card = find_card(subject.weights, subject.graph)
    return Verification(
        model=subject.given,
        weights=subject.weights,
        sha256=file_sha256(subject.weights),
        name=card.name if card else "",
        version=card.version if card else "",
        checks=tuple(checks),
    )


def _open(model: str | Path) -> _Subject:
    """Find the file and the package around it, both checked."""
    weights = find_model(model)
    folder = package_folder(weights)
    if folder is not None:
        open_package(folder)
    given = Path(model)
    return _Subject(
        given=given if given.exists() else weights,
        folder=folder,
        weights=weights,
        graph=check_graph(weights),
        description=read_rdf(folder) if folder else {},
    )


def _check_files(subject: _Subject) -> list[Check]:
    """Compare the files with the hashes that they came with."""
    folder = subject.folder
    if folder is None:
        return [Check("hashes", "note", "a bare file: nothing to compare it with")]
    if (folder / MANIFEST).is_file():
        is_zip = subject.given.suffix.lower() == ".zip" and subject.given.is_file()
        archive = subject.given if is_zip else None
        broken = broken_seal(folder, archive)
        if broken is None:
            return [Check("hashes", "ok", "every byte as it was packed")]
        fix = "fetch the package again; if that does not help, tell whoever sent it"
        return [Check("hashes", "fault", f"changed since it was packed: {broken}", fix)]
    # NB: open_package has compared those already, and refuses what differs.
    files = declared_files(subject.description)
    hashed = sum(bool(file.sha256) for file in files)
    found = f"{hashed} of {len(files)} declared files have a hash, and it is theirs"
    is_whole = hashed == len(files)
    if "frm_bridge" in as_mapping(subject.description.get("config")):
        found += f"; {MANIFEST} is gone: another program packed it anew"
        is_whole = False
    return [Check("hashes", "ok" if is_whole else "note", found)]


def _check_predictions(subject: _Subject) -> list[Check]:
    card = find_card(subject.weights, subject.graph)
    if card is None:
        found = "it has no card, so that its normalisation is unknown"
        return [
            Check(
                "prediction",
                "note",
                found,
                "tell 'frm-bridge predict' its normalisation",
            )
        ]
    golden = _golden(subject)
    checks = []
    if golden is None:
        fix = "'frm-bridge models pack' puts one in"
        checks.append(Check("golden pair", "note", "there is none", fix))
    else:
        tolerance = declared_tolerance(subject.description)
        checks += try_golden(subject.weights, golden, tolerance)
    image = golden.image if golden else None
    checks.append(try_tiles(subject.weights, image, strict=subject.is_ours))
    checks += _check_parity(card)
    return checks


def _golden(subject: _Subject) -> Golden | None:
    files = None
    if subject.folder is not None:
        files = golden_files(subject.description, subject.folder)
    return None if files is None else read_golden(*files)


def _check_parity(card: ModelCard) -> list[Check]:
    """Judge the difference to Keras that was measured at the export."""
    error = card.parity_error_sd
    if error is None:
        return [Check("parity", "note", "the card states none")]
    is_small = error <= PARITY_LIMIT_SD
    return [
        Check(
            "parity",
            "ok" if is_small else "fault",
            f"the card states {error:.1e} sd from Keras (at most {PARITY_LIMIT_SD:g})",
            "" if is_small else "export the model again",
        )
    ]


def _check_words(subject: _Subject) -> list[Check]:
    """Say what deepImageJ would not like; that is no fault here."""
    findings = lint_graph(subject.graph)
    if subject.folder is not None:
        rdf = find_rdf(subject.folder)
        name = rdf.name if rdf else ""
        findings += lint_description(subject.description, name)
    if not findings:
        return [Check("deepImageJ", "ok", "nothing stands in the way")]
    return [
        Check("deepImageJ", "note", f"{each.severity}: {each.found}", each.fix)
        for each in findings
    ]
