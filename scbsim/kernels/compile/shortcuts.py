"""Shortcuts through numba's compiler, in force while a kernel is compiled.

They are replacements of private functions of numba and llvmlite by equivalent ones that take less
time: a quarter of all. They are taken with the oldest and the newest release of numba that tests
run with. With any other, or where one of the originals is missing, numba compiles the kernels as it
is, to the same numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numba

RELEASES = ("0.63", "0.68")
"""The releases of numba with which shortcuts are taken."""

Replacement = tuple[Any, str, Any]
"""An owner, the name of its attribute, and what takes its place."""


def _no_replacements() -> list[Replacement]:
    return []


try:
    from scbsim.kernels.compile.quick_lowering import replacements as _of_lowering
    from scbsim.kernels.compile.quick_typing import replacements as _of_typing
except (AttributeError, ImportError):
    _of_lowering = _of_typing = _no_replacements


@contextmanager
def shortcuts(
    *sources: Callable[[], list[Replacement]],
) -> Iterator[None]:
    """Take the shortcuts in the body; the caller holds numba's lock.

    ``sources`` are those of the replacements, by default all.
    """
    found = [each for source in sources or (_of_typing, _of_lowering) for each in source()]
    known = numba.__version__.startswith(tuple(f"{release}." for release in RELEASES))
    if not known or any(name not in vars(owner) for owner, name, _ in found):
        found = []
    before = [(owner, name, vars(owner)[name]) for owner, name, _ in found]
    try:
        for owner, name, new in found:
            setattr(owner, name, new)
        yield
    finally:
        for owner, name, old in before:
            setattr(owner, name, old)
