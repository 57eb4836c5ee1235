"""How a message names an argument: as its reader writes it, in a shell or in Python."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

_in_shell = False


@contextmanager
def as_options() -> Iterator[None]:
    """Name arguments as options of a command while the body runs."""
    global _in_shell
    before, _in_shell = _in_shell, True
    try:
        yield
    finally:
        _in_shell = before


def switch(name: str) -> str:
    """Return how a message names an argument that is to be True: ``--resume``, ``resume=True``."""
    return _option(name) if _in_shell else f"{name}=True"


def given(name: str) -> str:
    """Return how a message names an argument that takes a value: ``--only``, ``only=...``."""
    return _option(name) if _in_shell else f"{name}=..."


def _option(name: str) -> str:
    return "-o" if name == "output" else f"--{name}"
