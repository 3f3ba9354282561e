"""What every chart is drawn on: the report's colours and style, and SVG as text."""

from __future__ import annotations

import functools
import html
import io
import re
from typing import TYPE_CHECKING, Any, ParamSpec

import matplotlib as mpl
from matplotlib.figure import Figure

if TYPE_CHECKING:
    from collections.abc import Callable

    from matplotlib.axes import Axes

P = ParamSpec("P")

# Okabe & Ito's bluish green and reddish purple, darkened for thin lines: told apart by
# every kind of colour vision.
TRUTH_COLOUR = "#00805d"
PREDICTION_COLOUR = "#b5418b"
INK = "#333a44"
QUIET = "#8a929c"

_STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": QUIET,
    "axes.labelcolor": INK,
    "axes.linewidth": 0.8,
    "xtick.color": INK,
    "ytick.color": INK,
    "text.color": INK,
    "legend.frameon": False,
    "legend.fontsize": 8,
}
_SIZE = (3.7, 2.9)


def styled(draw: Callable[P, str]) -> Callable[P, str]:
    """Draw in the report's style, whatever the caller's own settings are."""

    @functools.wraps(draw)
    def styled(*args: P.args, **options: P.kwargs) -> str:
        with mpl.rc_context():
            mpl.rcdefaults()
            mpl.rcParams.update(_STYLE)
            return draw(*args, **options)

    return styled


def new_axes(salt: str, *, size: tuple[float, float] = _SIZE) -> tuple[Figure, Axes]:
    """Give an empty chart; ``salt`` is a name of its own on the page."""
    figure = Figure(figsize=size, layout="constrained")
    figure.set_gid(salt)
    return figure, figure.add_subplot()


def as_svg(figure: Figure, label: str) -> str:
    """Write a figure as one ``<svg>`` element, without a header that names files."""
    stream = io.StringIO()
    nothing = dict.fromkeys(("Creator", "Date", "Format", "Type"))
    # NB: the salt keeps the ids of two charts apart, and the same in every run.
    mpl.rcParams["svg.hashsalt"] = figure.get_gid()
    figure.savefig(stream, format="svg", metadata=nothing, transparent=True)
    text = stream.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    text = re.sub(r'(<svg[^>]*?) width="[^"]*"', r"\1", text, count=1)
    text = re.sub(r'(<svg[^>]*?) height="[^"]*"', r"\1", text, count=1)
    spoken = html.escape(label)
    return text.replace("<svg", f'<svg role="img" aria-label="{spoken}"', 1)
