"""The table ``[sweep]`` of a spec, read into dimensions: what varies, and its values."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from scbsim.errors import Fault, SpecError
from scbsim.spec.ranges import parse_range
from scbsim.spec.run_names import repeated, word
from scbsim.util.text import show

ZIP = "zip"
"""The name of the dimension of lists that go together."""


@dataclass(frozen=True)
class Dimension:
    """What varies together.

    Attributes
    ----------
    name : str
        The key, or ``zip``.
    keys : tuple of str
        Dotted, as after ``--set``.
    values : tuple of tuples
        One for each point, with a value for each key.
    """

    name: str
    keys: tuple[str, ...]
    values: tuple[tuple[Any, ...], ...]


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
        said = ", ".join(f"{key} has {length}" for key, length in lengths.items())
        faults.append(Fault("sweep.zip", f"lists of one length go together; {said}"))
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
    takes = 'a list of values, or a range such as "0:20", "0:1:11" or "1e3:1e9:7log"'
    if not isinstance(given, list) or not given:
        raise SpecError(
            [Fault(f"{place}.{key}", f"{show(given)} is not allowed; it takes {takes}")]
        )
    for value in given:
        if not isinstance(value, bool | int | float | str):
            problem = f"{show(value)} cannot vary; numbers, words, true and false can"
            raise SpecError([Fault(f"{place}.{key}", problem)])
    return tuple(given)


def _distinct(dimension: Dimension, faults: list[Fault]) -> Iterator[Dimension]:
    twice = repeated(",".join(map(word, values)) for values in dimension.values)
    if twice is None:
        yield dimension
    else:
        place = "sweep.zip" if dimension.name == ZIP else f"sweep.product.{dimension.name}"
        faults.append(Fault(place, f"{twice} is there twice, and would be one run"))


def given_twice(dimensions: Iterable[Dimension]) -> Iterator[Fault]:
    """Find keys that vary in two ways."""
    keys = [key for dimension in dimensions for key in dimension.keys]
    for key in dict.fromkeys(keys):
        if keys.count(key) > 1:
            yield Fault(f"sweep.zip.{key}", "is in product as well; it can vary in one way")
        if key.split(".")[0] == "sweep":
            yield Fault(key, "a sweep cannot vary itself")
