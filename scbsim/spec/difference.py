"""Differences between two specs."""

from __future__ import annotations

from typing import Any

from scbsim.spec.schedule import schedule_of
from scbsim.spec.schedule_checks import is_schedule


def differences(wanted: dict[str, Any], found: dict[str, Any]) -> list[str]:
    """List the keys in which two specs differ, with both values."""
    here, there = _flat(wanted), _flat(found)
    return [
        f"{key} is {there.get(key, 'not set')} there and {here.get(key, 'not set')} here"
        for key in sorted(here.keys() | there.keys())
        if here.get(key) != there.get(key)
    ]


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
