"""Reading the table ``[sweep]`` of a spec into dimensions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from scbsim.errors import Fault, SpecError
from scbsim.spec.ranges import parse_range
from scbsim.spec.run_names import repeated, word
from scbsim.util.text import show

ZIP = "zip"
"""The name of the dimension of the lists that vary together."""


@dataclass(frozen=True)
class Dimension:
    """Keys that vary together."""

    name: str  # the key, or "zip"
    keys: tuple[str, ...]  # dotted, as after --set
    values: tuple[tuple[Any, ...], ...]  # for each point, a value for each key


def dimensions(table: Any, faults: list[Fault]) -> Iterator[Dimension]:
    """Read the table ``sweep``; each key of ``product`` is a dimension, and ``zip`` is one."""
    if table is None:
        return
    if not isinstance(table, Mapping):
        faults.append(Fault("sweep", f"{show(table)} is not a table with product, zip or both"))
        return
    for key in table:
        if key not in ("product", ZIP):
            faults.append(Fault(f"sweep.{key}", "unknown key; [sweep] takes product, zip"))
    lists = {kind: _lists(kind, table.get(kind, {}), faults) for kind in ("product", ZIP)}
    for key, values in lists["product"].items():
        yield from _distinct(Dimension(key, (key,), tuple((each,) for each in values)), faults)
    zipped = lists[ZIP]
    lengths = {key: len(values) for key, values in zipped.items()}
    if len(set(lengths.values())) > 1:
        text = ", ".join(f"{key} has {length}" for key, length in lengths.items())
        faults.append(Fault("sweep.zip", f"lists must have the same length; {text}"))
    elif zipped:
        points = tuple(zip(*zipped.values(), strict=True))
        yield from _distinct(Dimension(ZIP, tuple(zipped), points), faults)
    if not any(table.get(kind) for kind in ("product", ZIP)):
        faults.append(Fault("sweep", 'nothing varies; write product = {"seed" = "0:20"}'))


def _lists(kind: str, table: Any, faults: list[Fault]) -> dict[str, tuple[Any, ...]]:
    if not isinstance(table, Mapping):
        example = '{"task.N" = [100, 500], "seed" = "0:20"}'
        faults.append(Fault(f"sweep.{kind}", f"{show(table)} is not a table such as {example}"))
        return {}
    lists = {}
    for key, given in table.items():
        try:
            lists[key] = _values(f"sweep.{kind}", key, given)
        except SpecError as error:
            faults += error.faults
    return lists


def _values(place: str, key: str, given: Any) -> tuple[Any, ...]:
    if isinstance(given, str):
        return parse_range(f"{key}={given}").values
    if not isinstance(given, list) or not given:
        takes = 'a list of values, or a range such as "0:20", "0:1:11" or "1e3:1e9:7log"'
        problem = f"{show(given)} is not allowed; it takes {takes}"
        raise SpecError([Fault(f"{place}.{key}", problem)])
    for value in given:
        if not isinstance(value, bool | int | float | str):
            problem = f"{show(value)} is not allowed; values are numbers, strings, true and false"
            raise SpecError([Fault(f"{place}.{key}", problem)])
    return tuple(given)


def _distinct(dimension: Dimension, faults: list[Fault]) -> Iterator[Dimension]:
    twice = repeated(",".join(map(word, values)) for values in dimension.values)
    if twice is None:
        yield dimension
    else:
        place = "sweep.zip" if dimension.name == ZIP else f"sweep.product.{dimension.name}"
        faults.append(Fault(place, f"{twice} is there twice"))


def given_twice(dimensions: Iterable[Dimension]) -> Iterator[Fault]:
    """Find keys that vary in two places, or are not of a run."""
    keys = [key for dimension in dimensions for key in dimension.keys]
    for key in dict.fromkeys(keys):
        if keys.count(key) > 1:
            yield Fault(f"sweep.zip.{key}", "is also in product; give it in one of the two")
        if key.split(".")[0] == "sweep":
            yield Fault(key, "a sweep cannot vary itself")
