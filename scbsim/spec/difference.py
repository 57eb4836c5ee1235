"""How two specs differ."""

from __future__ import annotations

from typing import Any


def differences(wanted: dict[str, Any], found: dict[str, Any]) -> list[str]:
    """Name the keys in which two specs differ, with both values."""
    here, there = _flat(wanted), _flat(found)
    return [
        f"{key} is {there.get(key, 'not set')} there and {here.get(key, 'not set')} here"
        for key in sorted(here.keys() | there.keys())
        if here.get(key) != there.get(key)
    ]


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
