"""Labels of tokens in pandas' tables: arrays are taken in their order, so labels must agree."""

from __future__ import annotations

from typing import Any

from scbsim.errors import Fault, TaskError
from scbsim.util.text import counted, show


def check_labels(mu: Any, P: Any, Q: Any) -> None:
    """Raise TaskError if tables of pandas name their tokens in different orders.

    The columns of ``P`` are compared with its rows, with ``mu`` and with the columns of ``Q``.
    Tables without labels of their own, numbered from 0, agree with any.
    """
    sources = _own(P, "columns")
    others = {
        "P": ("its rows are", _own(P, "index")),
        "mu": ("is", _own(mu, "index")),
        "Q": ("its columns are", _own(Q, "columns")),
    }
    faults = [
        Fault(key, f"{what} labelled {_first(found, sources)}: bring them into one order")
        for key, (what, found) in others.items()
        if sources is not None and found is not None and found != sources
    ]
    if faults:
        raise TaskError(faults)


def _own(table: Any, axis: str) -> list[Any] | None:
    """Return the labels along an axis; None if there are none but numbers from 0."""
    labels = getattr(table, axis, None)
    # A list has a method `index`.
    if labels is None or callable(labels) or not hasattr(labels, "tolist"):
        return None
    found = list(labels.tolist())
    return None if found == list(range(len(found))) else found


def _first(found: list[Any], sources: list[Any]) -> str:
    """Return the first labels that differ, in words."""
    if len(found) != len(sources):
        return f"for {counted(len(found), 'token')}, the columns of P for {len(sources)}"
    i = next(i for i, pair in enumerate(zip(found, sources, strict=True)) if pair[0] != pair[1])
    return f"{show(found[i])} at {i}, where the columns of P are labelled {show(sources[i])}"
