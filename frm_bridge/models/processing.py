"""The processing that a bioimage.io package declares, as our normalisation.

Another program's package lists steps before and after its network. What amounts to
one mean and one sd each way is predicted exactly; anything else is refused by name,
for a step that is left out would give other numbers without a word.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn

from frm_bridge.errors import ModelError
from frm_bridge.models.normalisation import InputNormalisation, OutputNormalisation

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

DEFAULT_EPS = 1e-6
_LETTERS = {"batch": "b", "channel": "c"}
_KNOWN = (
    "zero_mean_unit_variance, fixed_zero_mean_unit_variance, scale_linear, ensure_dtype"
)


@dataclass(frozen=True, slots=True)
class Step:
    """One declared step.

    Attributes
    ----------
    name : str
        Its ``id``, or its ``name`` in descriptions of the format 0.4.
    kwargs : mapping
        Its settings.
    """

    name: str
    kwargs: Mapping[str, Any]

    def number(self, key: str, default: float | None = None) -> float:
        """Give a number, also where it is a list of one, for the one channel."""
        value = self.kwargs.get(key, default)
        if isinstance(value, list) and len(value) == 1:
            value = value[0]
        try:
            # NB: YAML 1.1 takes 1e-6, without a dot, for text.
            return float(value)
        except (TypeError, ValueError):
            self.refuse(f"its {key} is {value!r}, not one number")

    def refuse(self, reason: str) -> NoReturn:
        """Say that the step cannot be done here, and why."""
        raise ModelError(
            "E_PACKAGE_PROCESSING",
            f"the package declares the step {self.name}, which is not done here: "
            f"{reason}",
            "predict with bioimageio.core or deepImageJ, or ask its authors for a "
            f"package with these steps alone: {_KNOWN}",
        )


def read_steps(value: object) -> list[Step]:
    """Read a list of steps from a description, without those that change nothing."""
    items = value if isinstance(value, list) else []
    steps = []
    for item in items:
        fields = item if isinstance(item, dict) else {}
        name = str(fields.get("id") or fields.get("name") or "without a name")
        kwargs = fields.get("kwargs")
        step = Step(name, kwargs if isinstance(kwargs, dict) else {})
        if name != "ensure_dtype":
            steps.append(step)
    return steps


def input_normalisation(steps: Sequence[Step]) -> InputNormalisation:
    """Turn what is declared before the network into one mean and one sd.

    Raises
    ------
    ModelError
        ``E_PACKAGE_PROCESSING``, which names the step that cannot be expressed.
    """
    gain, offset = 1.0, 0.0
    for place, step in enumerate(steps):
        if _is_field(step):
            for later in steps[place + 1 :]:
                later.refuse("it follows zero_mean_unit_variance, which should be last")
            # A gain before it changes nothing but what eps means.
            eps = step.number("eps", DEFAULT_EPS)
            return InputNormalisation("field", eps=eps / gain)
        gain, offset = _after(step, gain, offset)
    return InputNormalisation("global", mean=0.0 - offset / gain, sd=1 / gain)


def output_normalisation(steps: Sequence[Step]) -> OutputNormalisation:
    """Turn what is declared after the network into one mean and one sd.

    The unit is relative: nothing says that they are counts of a camera.

    Raises
    ------
    ModelError
        ``E_PACKAGE_PROCESSING``, which names the step that cannot be expressed.
    """
    gain, offset = 1.0, 0.0
    for step in steps:
        if _is_field(step):
            step.refuse("it needs the whole prediction before its first pixel")
        gain, offset = _after(step, gain, offset)
    return OutputNormalisation(mean=offset, sd=gain, unit="relative")


def _is_field(step: Step) -> bool:
    """Tell a step that takes each plane's own statistics."""
    mode = step.kwargs.get("mode", "per_sample")
    if step.name != "zero_mean_unit_variance" or mode == "fixed":
        return False
    if mode != "per_sample":
        step.refuse(f"it takes its statistics {mode}")
    axes = step.kwargs.get("axes")
    if axes is not None:
        letters = {_LETTERS.get(str(axis), str(axis)) for axis in axes}
        if letters - {"b", "c"} != {"y", "x"}:
            step.refuse(f"its axes are {axes}; channel, y, x was expected")
    return True


def _after(step: Step, gain: float, offset: float) -> tuple[float, float]:
    """Give the gain and offset of all steps so far: this one and those before it."""
    if step.name == "scale_linear":
        own, shift = step.number("gain", 1.0), step.number("offset", 0.0)
    elif step.name == "fixed_zero_mean_unit_variance" or (
        step.name == "zero_mean_unit_variance"  # of the format 0.4, with mode: fixed
    ):
        sd = step.number("std")
        if not sd > 0:
            step.refuse(f"its std is {sd}; more than 0 was expected")
        own, shift = 1 / sd, -step.number("mean") / sd
    else:
        step.refuse("it is none of the steps that a mean and an sd can express")
    if not own > 0:
        step.refuse(f"its gain is {own}; more than 0 was expected")
    return gain * own, offset * own + shift
