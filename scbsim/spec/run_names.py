"""Names of the runs of a sweep, made of what varies, with characters that any file system takes."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from scbsim.spec.rules import own_name

LONGEST = 120
"""Most characters of a name. Many file systems allow 255."""

_UNSAFE = re.compile(r"[^A-Za-z0-9._=,+-]")


def run_name(values: Mapping[str, Any]) -> str:
    """Return the name of a run: ``task.N=100,seed=3``, or ``run`` if nothing varies.

    If a character was replaced or the name was cut, a digest keeps names distinct.
    """
    whole = ",".join(f"{key}={word(value)}" for key, value in values.items())
    safe = _UNSAFE.sub("_", whole)
    if safe == whole and len(whole) <= LONGEST:
        return whole or "run"
    return f"{safe[: LONGEST - 9]}-{hashlib.sha256(whole.encode()).hexdigest()[:8]}"


def word(value: Any) -> str:
    """Format a value: whole numbers without a point, true and false as in TOML."""
    own = own_name(value) if isinstance(value, str) else None
    if own is not None:
        return f"{Path(own.where).name}:{own.name}"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return str(value)


def repeated(words: Iterable[str]) -> str | None:
    """Return the first word that is there twice, or None."""
    seen: set[str] = set()
    for each in words:
        if each in seen:
            return each
        seen.add(each)
    return None
