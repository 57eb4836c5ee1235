"""Differences between two specs."""

from __future__ import annotations

from typing import Any

from scbsim.spec.rules import own_name
from scbsim.spec.schedule import schedule_of
from scbsim.spec.schedule_checks import is_schedule


def differences(wanted: dict[str, Any], found: dict[str, Any]) -> list[str]:
    """List the keys in which two specs differ, with both values."""
    here, there = _flat(wanted), _flat(found)
    return [
        _difference(key, here.get(key, "not set"), there.get(key, "not set"))
        for key in sorted(here.keys() | there.keys())
        if _comparable(here.get(key)) != _comparable(there.get(key))
    ]


def _difference(key: str, here: Any, there: Any) -> str:
    mine, theirs = (own_name(each) if isinstance(each, str) else None for each in (here, there))
    if mine and theirs and mine.name == theirs.name and mine.digest != theirs.digest:
        return (
            f"{key}: the source of {mine.name} in {mine.where} has changed since (its sha256 is "
            f"{theirs.digest} there and {mine.digest} here; the file has the old text)"
        )
    return f"{key} is {there} there and {here} here"


def _comparable(value: Any) -> Any:
    """Return a value as it is compared: an own rule by its source, wherever its file is."""
    own = own_name(value) if isinstance(value, str) else None
    return value if own is None else own._replace(where="")


def but_longer(wanted: dict[str, Any], found: dict[str, Any]) -> tuple[int, list[str]]:
    """Return how many steps the last stage has more than in ``found``, and all other differences.

    A shorter last stage is one of the differences.
    """
    there, longer = dict(found), 0
    ours, theirs = wanted.get("stage") or [], found.get("stage") or []
    if ours and len(ours) == len(theirs) and _is_longer(ours[-1], theirs[-1]):
        longer = ours[-1]["steps"] - theirs[-1]["steps"]
        there["stage"] = [*theirs[:-1], {**theirs[-1], "steps": ours[-1]["steps"]}]
    return longer, differences(wanted, there)


def _is_longer(ours: dict[str, Any], theirs: dict[str, Any]) -> bool:
    """Return whether a stage only has more steps; those that it had keep their numbers."""
    schedules = [value for key, value in ours.items() if is_schedule(key, value)]
    if any(schedule_of(text).depends_on_steps for text in schedules):
        return bool(ours["steps"] == theirs["steps"])
    return bool(ours["steps"] >= theirs["steps"])


def _flat(value: Any, prefix: str = "") -> dict[str, Any]:
    if isinstance(value, dict):
        items = list(value.items())
    elif isinstance(value, list | tuple):
        items = list(enumerate(value))
    else:
        return {} if value is None else {prefix: value}
    flat: dict[str, Any] = {}
    for key, each in items:
        flat |= _flat(each, f"{prefix}.{key}" if prefix else str(key))
    return flat
