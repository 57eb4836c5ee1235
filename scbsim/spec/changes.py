"""Changing keys of a plain spec: the ``key=value`` words after ``--set``, axes, replacements."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from typing import Any

from scbsim.errors import Fault
from scbsim.spec.base import Table
from scbsim.spec.exclusions import excluded
from scbsim.spec.own_rules import named_rule
from scbsim.spec.text import TOO_DEEP, toml_value
from scbsim.util.text import MOST_NESTED, show


def override(
    tables: dict[str, Any], overrides: Iterable[str], folder: str | os.PathLike[str] = "."
) -> list[Fault]:
    """Change keys of a plain spec in place, as ``--set key=value`` does.

    A value is TOML, or else a string; an empty one removes the key. The file of a rule is relative
    to ``folder``. See :func:`change`.
    """
    changes, faults = [], []
    for words in overrides:
        key, equals, text = words.partition("=")
        if equals:
            value = toml_value(text) if text.strip() else None
            changes.append((key.strip(), named_rule(key.strip(), value, folder)))
        else:
            problem = "no value; write key=value, such as stage.0.rate_A=0.05"
            faults.append(Fault(key.strip(), problem))
    return faults + change(tables, changes)


def change(tables: dict[str, Any], changes: Sequence[tuple[str, Any]]) -> list[Fault]:
    """Change keys of a plain spec in place; return faults of the keys.

    A key replaces the keys that it excludes. If two of the changes exclude each other, both stay,
    which is a fault of the spec. Values are not checked here, but by the spec.
    ``changes`` has dotted keys with their values; None removes the key.
    """
    faults, set_paths = [], []
    for key, given in changes:
        value = named_rule(key, given)
        fault = _remove(tables, key) if value is None else assign(tables, key, value)
        if fault is not None:
            faults.append(fault)
        elif value is not None:
            set_paths.append((_path(key), value))
    changed = {path for path, _ in set_paths}
    for path, value in set_paths:
        owner, table = _owner(path), _at(tables, path[:-1])
        if owner is None or not isinstance(table, dict) or not path[:-1]:
            continue
        for other in excluded(path[0], path[-1], value, owner.key_names()):
            if (*path[:-1], other) not in changed:
                table.pop(other, None)
    return faults


def _remove(tables: dict[str, Any], key: str) -> Fault | None:
    path = _path(key)
    table = _at(tables, path[:-1])
    if isinstance(table, list) and path[0] == "stage":
        return Fault(key, "a stage cannot be removed; give those that are to stay: stage=[...]")
    if path[0] == "stage" and path[1:-1] and not isinstance(table, dict):
        return Fault(key, f"there is no stage {show(path[1])} to remove it from")
    if isinstance(table, dict) and path[-1] in table:
        del table[path[-1]]
        return None
    owner = _owner(path)
    if owner is not None and path[-1] in owner.key_names():
        return None
    # An unknown key: leave it to the checks of the spec, which suggest a known one.
    return assign(tables, key, None)


def _path(key: str) -> tuple[str, ...]:
    """Return the parts of a dotted key, with the index of a stage as ``str(int)`` writes it."""
    parts = key.split(".")
    return tuple(str(int(part)) if part.isdecimal() and len(part) < 9 else part for part in parts)


def _owner(path: Sequence[str]) -> type[Table] | None:
    """Return the model of the table that a key belongs to, or None if there is none."""
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


def _index(part: str) -> int:
    """Return an index of a list, or -1 if it is not one."""
    return int(part) if part.isascii() and part.isdigit() and len(part) < 9 else -1


def _at(tables: Any, path: Iterable[str]) -> Any:
    """Return the value at a path of plain tables, or None."""
    for part in path:
        if isinstance(tables, dict):
            tables = tables.get(part)
        elif isinstance(tables, list):
            tables = tables[_index(part)] if 0 <= _index(part) < len(tables) else None
        else:
            return None
    return tables


def assign(tables: dict[str, Any], key: str, value: Any) -> Fault | None:
    """Set a dotted key of a plain spec in place; ``stage.n.`` appends a stage if there are n."""
    path = key.split(".")
    if len(path) > MOST_NESTED:
        return Fault(show(key), TOO_DEEP)
    if not all(path):
        return Fault(key, f"{show(key)} is not a key; write it as stage.0.rate_A")
    here: Any = tables
    for depth, part in enumerate(path):
        last = depth == len(path) - 1
        at: int | str = part
        if isinstance(here, list) and path[:depth] == ["stage"]:
            at, n = _index(part), len(here)
            if not 0 <= at <= n:
                problem = f"there is no stage {show(part)}: there are {n}, from 0, and {n} adds one"
                return Fault(key, problem)
            if at == n:
                here.append({})
        elif not isinstance(here, dict):
            return Fault(key, f"`{'.'.join(path[:depth])}` is a value, and has no keys")
        elif not last:
            here.setdefault(part, [] if key.startswith("stage.") and depth == 0 else {})
        if last:
            here[at] = value
        here = here[at]
    return None
