"""Arrays of which some entries are masked."""

from __future__ import annotations

from typing import Any

import numpy as np

from scbsim.util.text import by_count, counted


def masked(value: Any) -> str | None:
    """Return what is wrong with an array whose entries are masked: NumPy would ignore the mask."""
    if not (isinstance(value, np.ma.MaskedArray) and np.ma.is_masked(value)):
        return None
    count = int(np.ma.getmaskarray(value).sum())
    entries = f"{counted(count, 'entry')} {by_count(count, 'is', 'are')}"
    return f"{entries} masked; fill what is masked, or leave it out"
