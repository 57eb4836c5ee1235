"""Observables of a user's own: what is known of each.

Those with the period of ``output.every`` share the dimension ``step`` with the observables that
every run has. Each other period has a dimension of its own, such as ``step_100``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeVar

from scbsim.errors import InputError
from scbsim.spec.types import Checker, count
from scbsim.util.text import show

STEP = "step"

Function = TypeVar("Function", bound=Callable[..., Any])

_SETTINGS = "scbsim_observable"
_EVERY = count(1, 2**40).func


class Settings(NamedTuple):
    """What a function says of its values; an ``every`` of 0 is that of ``output.every``."""

    every: int = 0
    units: str = "1"
    long_name: str = ""


def observable(
    *, every: int | None = None, units: str = "1", long_name: str | None = None
) -> Callable[[Function], Function]:
    """Say how often a run calls a function, and what its values are.

    A function that says nothing is called with the rows of ``output.every``.

    Parameters
    ----------
    every : int, optional
        Steps between two calls, 1 to below 2**40; by default ``output.every``.
    units : str
        Of the values.
    long_name : str, optional
        What the values are; by default the name of the function.

    Returns
    -------
    callable
        A decorator, which returns the function itself.

    Raises
    ------
    InputError
        If a value is not allowed.

    Examples
    --------
    >>> import scbsim
    >>> @scbsim.observable(every=100, long_name="largest entry of the first column of A")
    ... def largest(state):
    ...     return state.column(0).max()
    """
    assert isinstance(_EVERY, Checker)
    try:
        found = Settings(
            0 if every is None else _EVERY(every),
            *(
                _text(name, value)
                for name, value in (("units", units), ("long_name", long_name or ""))
            ),
        )
    except ValueError as error:
        raise InputError(f"scbsim.observable: {error}") from None

    def decorate(function: Function) -> Function:
        setattr(function, _SETTINGS, found)
        return function

    return decorate


def _text(name: str, value: Any) -> str:
    if not isinstance(value, str) or not value.isprintable() or len(value) > 200:
        raise ValueError(f"{name} = {show(value)} is not allowed; it takes a short text in a line")
    return value


def settings_of(function: Callable[..., Any]) -> Settings:
    """Return what a function says of its values."""
    found = getattr(function, _SETTINGS, None)
    return found if isinstance(found, Settings) else Settings()


@dataclass(frozen=True)
class OwnObservable:
    """An observable of a user's own, as a file describes it.

    Attributes
    ----------
    name : str
    every : int
        Steps between two values; there is also one after the last step of a complete run.
    along : str
        Its dimension: ``step``, or ``step_100`` for a period of 100.
    units, long_name : str
    shape : tuple of int
        Of a value; empty for a number.
    function : str
        ``FILE.py:NAME``, or "" if it was given in Python.
    digest, source : str
        Of the function's text (`scbsim.util.user_code.UserFunction`).
    """

    name: str
    every: int
    along: str
    units: str
    long_name: str
    shape: tuple[int, ...]
    function: str
    digest: str
    source: str

    @classmethod
    def from_facts(cls, facts: dict[str, Any]) -> OwnObservable:
        """Return the observable of :meth:`facts`."""
        return cls(**{**facts, "shape": tuple(facts["shape"])})

    def facts(self) -> dict[str, Any]:
        """Return the description in types of JSON."""
        return {**vars(self), "shape": list(self.shape)}

    @property
    def place(self) -> str:
        """Where the function is, in words."""
        return self.function or "given in Python"

    @property
    def dimensions(self) -> tuple[str, ...]:
        """Names of the dimensions of a value."""
        return tuple(f"{self.name}_axis{axis}" for axis in range(1, len(self.shape) + 1))
