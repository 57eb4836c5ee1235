"""A benchmark as JSON, and two of them beside each other."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from scbsim.benchmark.measure import Benchmark
from scbsim.benchmark.rows import Row
from scbsim.errors import InputError, OutputError
from scbsim.estimates.rates import rates_json
from scbsim.util.atomic import atomic_write

FORMAT = "scbsim-benchmark-1"


def as_json(benchmark: Benchmark) -> dict[str, Any]:
    """Return a benchmark as types of JSON."""
    return {
        "format": FORMAT,
        "created_utc": benchmark.created_utc,
        "complete": benchmark.complete,
        "settings": benchmark.settings,
        "notes": benchmark.notes,
        "rows": [asdict(row) for row in benchmark.rows],
        "rates": rates_json(benchmark.rates) if benchmark.complete else None,
    }


def write(benchmark: Benchmark, path: Path) -> None:
    """Write a benchmark as JSON."""
    try:
        with atomic_write(path) as file:
            file.write((json.dumps(as_json(benchmark), indent=1) + "\n").encode())
    except OSError as error:
        raise OutputError(f"{path} cannot be written: {error.strerror}") from None


def read(path: Path) -> tuple[dict[str, Any], list[Row]]:
    """Return the settings and the lines of a benchmark in a file.

    Raises
    ------
    OutputError
        If there is no such file, or it cannot be read.
    InputError
        If it is not a benchmark.
    """
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise OutputError(f"{path} cannot be read: {error.strerror}") from None
    except ValueError:
        found = None
    if not isinstance(found, Mapping) or found.get("format") != FORMAT:
        raise InputError(f"{path} is no benchmark; `scbsim benchmark --json {path}` writes one")
    try:
        return dict(found["settings"]), [Row(**row) for row in found["rows"]]
    except (KeyError, TypeError, ValueError):
        raise InputError(f"{path} is a damaged benchmark; measure it again") from None


def differences(here: Mapping[str, Any], there: Mapping[str, Any]) -> list[str]:
    """Return in words how the settings of two benchmarks differ, the other one's first."""
    names = sorted({*here, *there})
    return [
        f"{name}: {there.get(name, 'unknown')} there, {here.get(name, 'unknown')} here"
        for name in names
        if there.get(name) != here.get(name)
    ]


def ratios(here: list[Row], there: list[Row]) -> dict[tuple[str, str, int], float]:
    """Return how many times as fast each line is here, for lines that both have."""
    others = {row.key: row for row in there}
    found = {}
    for row in here:
        other = others.get(row.key)
        if other is not None and other.unit == row.unit and row.value > 0 and other.value > 0:
            ratio = other.value / row.value
            found[row.key] = 1.0 / ratio if row.more_is_better else ratio
    return found
