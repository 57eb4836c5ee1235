"""The numba types of arguments that contain a user's rule, found once for all calls alike.

numba's dispatcher knows numbers, arrays, and tuples of them by a fingerprint that it computes in C.
A tuple with any other object in it has none. For such an argument numba finds the type of every
array in it anew, in Python, at every call: that takes a millisecond or two.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from numba.core import types


def remember_types(typeof: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Return a dispatcher's `typeof_pyval` that remembers the types of tuples with rules in them.

    The fingerprint is a private part of numba. Without it the result is the argument.
    """
    try:
        from numba._dispatcher import compute_fingerprint
    except ImportError:
        return typeof
    known: dict[Any, Any] = {}

    def remembered(value: Any) -> Any:
        rules: list[Any] = []
        plain = _without_rules(value, rules)
        if not any(rules):
            return typeof(value)
        try:
            key = (*rules, compute_fingerprint(plain))
        except NotImplementedError:
            return typeof(value)
        if key not in known:
            known[key] = typeof(value)
        return known[key]

    return remembered


def _without_rules(value: Any, rules: list[Any]) -> Any:
    """Return a value with None for each rule in it.

    The keys of their types go to ``rules``, and None for each None, so that their places are known.
    """
    if isinstance(value, tuple):
        parts = [_without_rules(part, rules) for part in value]
        return value._make(parts) if hasattr(value, "_make") else tuple(parts)
    numba_type = getattr(value, "numba_type", None)
    if isinstance(numba_type, types.Type):
        rules.append(numba_type.key)
        return None
    if value is None:
        rules.append(None)
    return value
