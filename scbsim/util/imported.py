"""Objects that tables name as ``module:name``, so that they are imported where they are used."""

from __future__ import annotations

from importlib import import_module
from typing import Any


def imported(where: Any) -> Any:
    """Return the object ``module:name``; anything but a string is the object itself."""
    if not isinstance(where, str):
        return where
    module, _, name = where.partition(":")
    return getattr(import_module(module), name)
