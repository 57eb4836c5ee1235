"""Calling the functions of a user's own observables along a run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scbsim.engines.base import Engine, Row
from scbsim.errors import RunFailed, ScbsimError
from scbsim.run.own_functions import OwnFunction
from scbsim.run.state_view import StateView
from scbsim.trajectory.own_observables import OwnObservable
from scbsim.trajectory.own_rows import Values
from scbsim.util.arguments import switch
from scbsim.util.text import show
from scbsim.util.user_code import FAILURES, line_in

MOST_VALUES = 2**16
MOST_AXES = 2

_RETURNS = (
    "a function returns a number, or an array of numbers with at most "
    f"{MOST_AXES} dimensions and {MOST_VALUES} values"
)


class ObservableFailed(RunFailed):
    """A function of a user's failed, or returned what it must not; ``what`` says which and when."""

    def __init__(self, message: str, what: str) -> None:
        super().__init__(message)
        self.what = what


class Observing:
    """Calls functions with the states of replicas, one call at a time.

    Parameters
    ----------
    functions : sequence of OwnFunction
    shapes : mapping of str to tuple
        The shapes of values that are known from a file; the others are those of :meth:`start`.
    path : Path, optional
        The file of the run.
    """

    def __init__(
        self,
        functions: Sequence[OwnFunction],
        shapes: Mapping[str, tuple[int, ...]],
        path: Path | None = None,
    ) -> None:
        self._functions, self._path = functions, path
        self._shapes = dict(shapes)
        self._lock = Lock()
        self.periods = tuple({each.every for each in functions})
        self.first: Values = {}

    def start(self, engines: Sequence[Engine]) -> None:
        """Call all functions with the first states; keep their values in ``first``."""
        found = {i: self.values(engine, 0, engine.observe()) for i, engine in enumerate(engines)}
        self.first = self.joined(found, len(engines))

    @property
    def described(self) -> tuple[OwnObservable, ...]:
        """The descriptions for files."""
        return tuple(each.described(self._shapes[each.name]) for each in self._functions)

    def is_due(self, step: int) -> bool:
        """Return whether a function is to be called after a step."""
        return any(step % every == 0 for every in self.periods)

    def values(self, engine: Engine, stage: int, row: Row, *, others: bool = False) -> Values:
        """Return the values after the present step of the functions that are due, or the others.

        Parameters
        ----------
        stage : int
            The stage that took the step.
        row : (9,) float64
            The observables that every run has.

        Raises
        ------
        RunFailed
            If a function fails, or returns what it must not.
        """
        # Replicas step on several threads, and a user's function need not allow for that.
        with self._lock:
            view = StateView(engine, stage, row)
            try:
                return {
                    each.name: self._value(each, view)
                    for each in self._functions
                    if (view.step % each.every == 0) != others
                }
            finally:
                view.close()

    def joined(self, found: Mapping[int, Values], replicas: int) -> Values:
        """Return values by name for all replicas, (R, ...); NaN for those that have none."""
        names = dict.fromkeys(name for values in found.values() for name in values)
        joined = {name: np.full((replicas, *self._shapes[name]), np.nan) for name in names}
        for i, values in found.items():
            for name, value in values.items():
                joined[name][i] = value
        return joined

    def _value(self, each: OwnFunction, view: StateView) -> NDArray[np.float64]:
        try:
            found = each.user.function(view)
        except FAILURES as error:
            raise self._failed(each, view, f"failed: {_why(error, each)}") from error
        value = _as_numbers(found)
        if value is None:
            raise self._failed(each, view, f"returned {_kind(found)}; {_RETURNS}")
        shape = self._shapes.setdefault(each.name, value.shape)
        if value.shape != shape:
            what = f"returned an array of shape {value.shape}, and {shape} before"
            raise self._failed(each, view, f"{what}; the shape must stay the same")
        return value

    def _failed(self, each: OwnFunction, view: StateView, what: str) -> ObservableFailed:
        where = f" ({each.user.reference})" if each.user.reference else ""
        message = f"the observable {each.name}{where}, called after step {view.step}, {what}"
        if self._path is not None and view.step > 0:
            message += (
                f". {self._path} has what was recorded before, and {switch('resume')} goes on from "
                "its last checkpoint; the function may be changed before"
            )
        return ObservableFailed(message, f"{each.name} after step {view.step}")


def _why(error: BaseException, each: OwnFunction) -> str:
    """Return what went wrong in a function, and in which line."""
    if isinstance(error, ScbsimError):
        return str(error).rstrip(".")
    code = getattr(each.user.function, "__code__", None)
    line = line_in(error, code.co_filename) if code else None
    at = f" in line {line} of {code.co_filename}" if code and line else ""
    text = " ".join(str(error).split())
    return f"{type(error).__name__}{at}{f': {text}' if text else ''}"


def _as_numbers(found: Any) -> NDArray[np.float64] | None:
    """Return what a function returned as an array of numbers; None if it is none."""
    try:
        array = np.asarray(found)
    except Exception:
        return None
    if array.dtype.kind not in "biuf" or array.ndim > MOST_AXES:
        return None
    if not 0 < array.size <= MOST_VALUES:
        return None
    # A copy, as the array may change later.
    array = array.astype(np.float64)
    array[np.ma.getmaskarray(found)] = np.nan
    return array


def _kind(found: Any) -> str:
    shape = getattr(found, "shape", None)
    if isinstance(found, np.ndarray):
        return f"an array of {found.dtype} of shape {shape}"
    return show(found)
