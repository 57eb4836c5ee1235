"""Keys of a table that exclude one another: the one given later replaces the other."""

from __future__ import annotations

from typing import Any, Final

from scbsim.spec.rules import has_threshold

THRESHOLDS: Final = ("threshold", "threshold_sigmas")
TRANSITIONS: Final = ("K_P", "P_concentration")
SIZES: Final = ("N", "T", "Q")


def excluded(table: str, key: str, value: Any, keys: tuple[str, ...]) -> tuple[str, ...]:
    """Return those of the ``keys`` of ``table`` (such as ``stage``) that key = value excludes."""
    match table, key:
        case "stage", "rule":
            # Only a stage's own rule does; under dynamics.rule thresholds are ignored.
            return () if has_threshold(value) else THRESHOLDS
        case "stage", _ if key in THRESHOLDS:
            return tuple(other for other in THRESHOLDS if other != key)
        case ("task" | "init", "from") | ("init", "correlation"):
            return tuple(other for other in keys if other != key)
        case "init", "alpha_A" | "alpha_V":
            return ("from", "correlation")
        case "task", _ if key in SIZES:
            # Only sizes make a random task; its other keys, such as the seed, do not.
            return ("from",)
        case "task", _ if key in TRANSITIONS:
            return tuple(other for other in TRANSITIONS if other != key)
    return ()
