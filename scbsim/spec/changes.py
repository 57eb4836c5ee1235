"""Changing keys of a plain spec: the ``key=value`` words after ``--set``, axes, replacements."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Sequence
from typing import Any

from scbsim.errors import Fault
from scbsim.spec.base import Table
from scbsim.spec.exclusions import excluded
from scbsim.spec.text import TOO_DEEP
from scbsim.util.text import MOST_NESTED, is_nested_within, show


def override(tables: dict[str, Any], overrides: Iterable[str]) -> list[Fault]:
    """Change keys of a plain spec in place, as ``--set key=value`` does.

    A value is TOML, or else a string; an empty one takes the key away. See :func:`change`.
    """
    changes, faults = [], []
    for words in overrides:
        key, equals, text = words.partition("=")
        if equals:
            changes.append((key.strip(), _value(text)))
        else:
            problem = "no value; write key=value, such as stage.0.rate_A=0.05"
            faults.append(Fault(key.strip(), problem))
    return faults + change(tables, changes)


def _value(text: str) -> Any:
    if not text.strip():
        return None
    try:
        parsed = tomllib.loads(f"value = {text}")
    except (ValueError, RecursionError):
        return text
    value = parsed["value"] if len(parsed) == 1 else text
    return value if is_nested_within(value, MOST_NESTED) else text


def change(tables: dict[str, Any], changes: Sequence[tuple[str, Any]]) -> list[Fault]:
    """Change keys of a plain spec in place, all together; None takes a key away.

    A key that excludes others takes their place. Of two among the changes themselves both stay,
    which is a fault of the spec. What keys may hold is left to the spec's own checks.

    Parameters
    ----------
    tables : dict
    changes : sequence of (str, value)
        By their dotted keys.

    Returns
    -------
    list of Fault
        Keys that are none.
    """
    faults, places = [], []
    for key, value in changes:
        fault = _take_away(tables, key) if value is None else assign(tables, key, value)
        if fault is not None:
            faults.append(fault)
        elif value is not None:
            places.append((_path(key), value))
    changed = {path for path, _ in places}
    for path, value in places:
        owner, table = _owner(path), _at(tables, path[:-1])
        if owner is None or not isinstance(table, dict) or not path[:-1]:
            continue
        for other in excluded(path[0], path[-1], value, owner.key_names()):
            if (*path[:-1], other) not in changed:
                table.pop(other, None)
    return faults


def _take_away(tables: dict[str, Any], key: str) -> Fault | None:
    path = _path(key)
    table = _at(tables, path[:-1])
    if isinstance(table, list) and path[0] == "stage":
        return Fault(key, "a stage cannot be taken away; give those that are to stay: stage=[...]")
    if path[0] == "stage" and path[1:-1] and not isinstance(table, dict):
        return Fault(key, f"there is no stage {show(path[1])} to take it from")
    if isinstance(table, dict) and path[-1] in table:
        del table[path[-1]]
        return None
    owner = _owner(path)
    if owner is not None and path[-1] in owner.key_names():
        return None
    # It is none: the checks of the spec say what is meant, perhaps.
    return assign(tables, key, None)


def _path(key: str) -> tuple[str, ...]:
    """Return the parts of a dotted key, with the number of a stage in one way of writing."""
    parts = key.split(".")
    return tuple(str(int(part)) if part.isdecimal() and len(part) < 9 else part for part in parts)


def _owner(path: Sequence[str]) -> type[Table] | None:
    """Return the table that a key is of, where there is one of that place."""
    match path[:-1]:
        case []:
            place = "the top of the spec"
        case ["stage", _]:
            place = "[[stage]]"
        case [name]:
            place = f"[{name}]"
        case _:
            return None
    return next((table for table in Table.__subclasses__() if table.place == place), None)


def _at(tables: Any, path: Iterable[str]) -> Any:
    """Return what is at a path of plain tables; None where there is nothing."""
    for part in path:
        if isinstance(tables, dict):
            tables = tables.get(part)
        elif isinstance(tables, list):
            index = int(part) if part.isascii() and part.isdigit() and len(part) < 9 else -1
            tables = tables[index] if 0 <= index < len(tables) else None
        else:
            return None
    return tables


def assign(tables: dict[str, Any], key: str, value: Any) -> Fault | None:
    """Set a dotted key of a plain spec in place; ``stage.n.`` of n stages makes a new one."""
    path = key.split(".")
    if len(path) > MOST_NESTED:
        return Fault(show(key), TOO_DEEP)
    if not all(path):
        return Fault(key, f"{show(key)} is not a key; write it as stage.0.rate_A")
    here: Any = tables
    for depth, part in enumerate(path):
        last = depth == len(path) - 1
        if isinstance(here, list) and path[:depth] == ["stage"]:
            index = int(part) if part.isascii() and part.isdigit() and len(part) < 9 else -1
            if not 0 <= index <= len(here):
                n = len(here)
                return Fault(
                    key, f"{show(part)} is no stage: there are {n}, from 0, and {n} adds one"
                )
            if index == len(here):
                here.append({})
            at: int | str = index
        elif isinstance(here, dict):
            at = part
            if not last:
                here.setdefault(part, [] if key.startswith("stage.") and depth == 0 else {})
        else:
            return Fault(key, f"`{'.'.join(path[:depth])}` is a value, and has no keys")
        if last:
            here[at] = value
        here = here[at]
    return None
