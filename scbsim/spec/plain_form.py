"""A spec as plain dicts and lists, with the keys of TOML."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from scbsim.spec.base import Table


def plain(given: Any) -> Any:
    """Return a copy of the tables as dicts, also of those in lists and of models."""
    if isinstance(given, Table):
        return given.to_dict()
    if isinstance(given, Mapping):
        return {key: plain(value) for key, value in given.items()}
    return [plain(each) for each in given] if isinstance(given, list | tuple) else given


def as_dict(table: type[Table], given: Any) -> Any:
    """Return a table as a dict; a value that is not a table is returned as it is."""
    if isinstance(given, table):
        return given.to_dict()
    return table.prepared(given) if isinstance(given, Mapping) else given


def below(place: str, keys: Iterable[str]) -> set[str]:
    """Return the keys below a table, without its name."""
    return {key.removeprefix(f"{place}.") for key in keys if key.startswith(f"{place}.")}
