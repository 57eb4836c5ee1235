"""Kernels with one thing wrong, to see whether a check notices."""

from __future__ import annotations

import inspect
from types import ModuleType
from typing import Any

from scbsim.kernels.compile import jit


def mutant(module: ModuleType, *edits: tuple[str, str], **others: Any) -> ModuleType:
    """Return a copy of a module of kernels with edits in its text, and with other functions in it.

    Nothing is compiled before it is called, and nothing is kept on disk.
    """
    text = inspect.getsource(module)
    for old, new in edits:
        assert text.count(old) == 1, f"{module.__name__} has {old!r} {text.count(old)} times"
        text = text.replace(old, new)
    copy = ModuleType(f"{module.__name__}_mutant")
    kept, jit.CACHE_FOLDER = jit.CACHE_FOLDER, None
    try:
        exec(compile(text, f"<{copy.__name__}>", "exec"), copy.__dict__)
    finally:
        jit.CACHE_FOLDER = kept
    copy.__dict__.update(others)
    return copy
