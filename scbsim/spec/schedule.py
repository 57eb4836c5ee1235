"""Schedules: a number of a stage that changes from step to step (docs/schedules.md).

=============================  ==================================================================
``"0.1/(1 + t/100)"``          an expression of t, the step of the stage, 0 for its first step
``{linear = [0.1, 0.01]}``     a line, over all steps of the stage
``{cosine = [0.1, 0.01]}``     half a period of a cosine
``{exponential = [0.1, 1e-4]}``  the same factor from each step to the next
=============================  ==================================================================

In a spec a table is kept as the expression ``"linear(0.1, 0.01)"``, which has the same meaning.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from pydantic import PlainValidator

from scbsim.spec.types import Checker
from scbsim.util.expression import Expression
from scbsim.util.numbers import as_float
from scbsim.util.text import show

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

CHUNK: Final = 8192
"""Steps whose values are computed at once. A value does not depend on how many are asked for."""

MOST_CHECKED: Final = 2**22
"""Steps of a stage up to which every value is checked when a spec is read."""

KINDS: Final = ("linear", "cosine", "exponential")
NAMES: Final = ("t", "steps", "pi")
_ONE, _SOME = (1, 1), (2, 100)
FUNCTIONS: Final = {
    **dict.fromkeys(("sqrt", "exp", "log", "log2", "log10", "sin", "cos", "tan", "tanh"), _ONE),
    **dict.fromkeys(("abs", "floor", "ceil"), _ONE),
    **dict.fromkeys(("min", "max"), _SOME),
    **dict.fromkeys(KINDS, (2, 2)),
}


class Schedule:
    """A number for each step of a stage.

    Parameters
    ----------
    text : str
        An expression of t.

    Raises
    ------
    ValueError
        If it is not one.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self._expression = Expression(text, NAMES, FUNCTIONS)

    @property
    def depends_on_steps(self) -> bool:
        """Whether its values depend on the length of the stage."""
        return bool(self._expression.used & {"steps", *KINDS})

    @property
    def is_one_number(self) -> bool:
        """Whether it has no t at all."""
        return not self._expression.used & {"t", *KINDS}

    def chunk(self, number: int, steps: int) -> NDArray[np.float64]:
        """Return the values of CHUNK steps, those after the last step among them; read only."""
        return _chunk(self.text, number, steps)

    def values(self, first: int, count: int, steps: int) -> NDArray[np.float64]:
        """Return the values of ``count`` steps from ``first`` on, of a stage of ``steps`` steps."""
        import numpy as np

        found = np.empty(count)
        at = first
        while at < first + count:
            inside = at % CHUNK
            some = min(CHUNK - inside, first + count - at)
            found[at - first : at - first + some] = self.chunk(at // CHUNK, steps)[
                inside : inside + some
            ]
            at += some
        return found

    def _computed(self, number: int, steps: int) -> NDArray[np.float64]:
        import numpy as np

        def part() -> Any:
            return _part(number, steps)

        def mix(weight: Any, a: Any, b: Any) -> Any:
            return (1.0 - weight) * a + weight * b

        tables: dict[str, Callable[..., Any]] = {
            "linear": lambda a, b: mix(part(), a, b),
            "cosine": lambda a, b: mix(0.5 * (1.0 - np.cos(np.pi * part())), a, b),
            "exponential": lambda a, b: a * (b / a) ** part(),
        }
        values = {"t": _t(number), "steps": np.float64(steps), "pi": np.float64(np.pi)}
        with np.errstate(all="ignore"):
            found = self._expression(values, {**_functions(), **tables}, np.float64)
        if isinstance(found, np.ndarray):
            return found
        return np.full(CHUNK, found, np.float64)


@lru_cache(maxsize=1)
def _functions() -> dict[str, Callable[..., Any]]:
    import numpy as np

    return {
        **{name: getattr(np, name) for name, takes in FUNCTIONS.items() if takes == _ONE},
        "min": lambda *each: _fold(np.minimum, each),
        "max": lambda *each: _fold(np.maximum, each),
    }


@lru_cache(maxsize=8)
def _t(number: int) -> NDArray[np.float64]:
    """Return t at the steps of a chunk; several schedules of a stage share it."""
    import numpy as np

    t = np.arange(number * CHUNK, (number + 1) * CHUNK, dtype=np.float64)
    t.flags.writeable = False
    return t


@lru_cache(maxsize=8)
def _part(number: int, steps: int) -> NDArray[np.float64]:
    """Return how much of the stage is behind at each step of a chunk, 1 at the last step."""
    import numpy as np

    part = _t(number) / (steps - 1) if steps > 1 else np.zeros(CHUNK)
    part.flags.writeable = False
    return part


def _fold(function: Callable[[Any, Any], Any], each: tuple[Any, ...]) -> Any:
    found = each[0]
    for one in each[1:]:
        found = function(found, one)
    return found


@lru_cache(maxsize=256)
def schedule_of(text: str) -> Schedule:
    """Return the schedule of a text; raises ValueError if it is not one."""
    return Schedule(text)


@lru_cache(maxsize=64)
def _chunk(text: str, number: int, steps: int) -> NDArray[np.float64]:
    values = schedule_of(text)._computed(number, steps)
    values.flags.writeable = False
    return values


@lru_cache(maxsize=1024)
def extremes(text: str, steps: int) -> tuple[float, float, float]:
    """Return the least, the mean and the largest value in a stage of ``steps`` steps.

    Of stages longer than `MOST_CHECKED` some steps count.
    """
    least, most, total, count = math.inf, -math.inf, 0.0, 0
    for number in _chunks(steps):
        values = schedule_of(text).chunk(number, steps)[: steps - number * CHUNK]
        least, most = min(least, float(values.min())), max(most, float(values.max()))
        total, count = total + float(values.sum()), count + len(values)
    return least, total / count, most


def _chunks(steps: int) -> list[int]:
    """Return the chunks that are checked: all, or the first half of them and spread others."""
    there, most = -(-steps // CHUNK), MOST_CHECKED // CHUNK
    if there <= most:
        return list(range(there))
    half = most // 2
    return [*range(half), *(half + (there - 1 - half) * i // half for i in range(1, half + 1))]


@lru_cache(maxsize=1024)
def first_wrong(text: str, steps: int, least: float, below: float) -> tuple[int, float] | None:
    """Return the first step whose value is not from ``least`` to ``below``, and the value."""
    import numpy as np

    for number in _chunks(steps):
        values = schedule_of(text).chunk(number, steps)[: steps - number * CHUNK]
        wrong = ~((values >= least) & (values < below))
        if wrong.any():
            at = int(np.argmax(wrong))
            return number * CHUNK + at, float(values[at])
    return None


def constant(text: str, steps: int) -> float | None:
    """Return the value of a schedule that is the same at every step; None of any other."""
    schedule = schedule_of(text)
    if steps > MOST_CHECKED and not schedule.is_one_number:
        return None
    least, _, most = extremes(text, steps)
    return most if least == most else None


def values_of(value: float | str | None, steps: int) -> NDArray[np.float64]:
    """Return the value of a key at every step of a stage; NaN if it has no number."""
    import numpy as np

    if isinstance(value, str) and value != "auto":
        return schedule_of(value).values(0, steps, steps)
    return np.full(steps, np.nan if value in (None, "auto") else value, np.float64)


def as_schedule(value: Any) -> str | None:
    """Return the text of a schedule, also of a table; None of a value that is neither.

    Raises
    ------
    ValueError
        If it cannot be read; the text says what is wrong.
    """
    if isinstance(value, str):
        schedule_of(value)
        return value
    if not isinstance(value, Mapping):
        return None
    if len(value) != 1 or (kind := next(iter(value))) not in KINDS:
        raise ValueError(f"a table has one of {', '.join(KINDS)}, such as {{linear = [0.1, 0.01]}}")
    ends = value[kind]
    numbers = [as_float(end) for end in ends] if isinstance(ends, list | tuple) else []
    if len(numbers) != 2 or None in numbers or not all(map(math.isfinite, numbers)):  # type: ignore[arg-type]
        raise ValueError(f"{kind} takes two numbers, the first value and the last")
    return f"{kind}({numbers[0]!r}, {numbers[1]!r})"


def scheduled(constants: PlainValidator, words: tuple[str, ...] = ()) -> PlainValidator:
    """Accept what another validator accepts, or a schedule."""
    inner: Any = constants.func
    takes = f"{inner.takes}, or a schedule"

    def check(value: Any) -> Any:
        if isinstance(value, str) and value in words:
            return inner(value)
        try:
            text = as_schedule(value)
        except ValueError as problem:
            raise ValueError(
                f"{show(value)} is not allowed; it takes {takes}. As a schedule: {problem}"
            ) from None
        if text is not None:
            return text
        try:
            return inner(value)
        except ValueError as problem:
            raise ValueError(f"{problem}, or a schedule") from None

    return PlainValidator(Checker(takes, check))
