"""The tables of a comparison, as the report reads them again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


def read_table(folder: Path, name: str, *, texts: Iterable[str] = ()) -> pd.DataFrame:
    """Read a table of a comparison.

    Parameters
    ----------
    folder : Path
        The comparison's.
    name : str
        ``links`` for ``links.csv``.
    texts : iterable of str
        Columns, beside ``field``, that hold texts, whatever these look like.
    """
    return pd.read_csv(
        folder / f"{name}.csv",
        dtype=dict.fromkeys(("field", *texts), str),
        # A field may be called NA.
        keep_default_na=False,
        na_values=[""],
    )
