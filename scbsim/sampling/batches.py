"""Batches that a run learns from in place of drawn ones: from a file, or from Python."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from os import PathLike
from typing import Any, Protocol

from scbsim.errors import InputError
from scbsim.sampling.samples import Samples, as_samples
from scbsim.util.text import show

Read = Callable[[int, int], Samples]
"""Returns the samples from ``begin`` to below ``end`` of a batch."""

Batches = Iterable[Any] | Callable[[int], Any]
"""A sequence or another iterable of batches, or a function that returns the batch of a number."""

_TAKES = (
    "it takes a sequence or another iterable of batches, or a function that returns the batch of a "
    "number"
)


_NO_FIRST = {
    "function": "the function returned None for batch 0; it has to return the batch of a number",
    "iterable": "the iterable has no batch, or none is left; give one that was not read before",
}
"""What is most likely wrong, as both have to be called or read to see that they have nothing."""


class Source(Protocol):
    """Where the batches of a run come from.

    Attributes
    ----------
    restartable : bool
        Whether a batch can be had without those before it.
    """

    restartable: bool

    def batch(self, number: int) -> Read | None:
        """Return the reader of a batch, or None if there is none of that number or beyond."""
        ...

    def name(self, number: int) -> str:
        """Return the name of a batch for messages."""
        ...

    def facts(self) -> dict[str, Any]:
        """Return entries for the provenance."""
        ...


class HandedBatches:
    """Batches that Python hands over.

    Parameters
    ----------
    batches : sequence, callable or iterable
        A function is called with the number of a batch, and returns None after the last. An
        iterable without numbers can only be read from its start.
    T, size : int
        Length of a context, and samples of a batch.

    Raises
    ------
    InputError
        If it is none of these.
    """

    def __init__(self, batches: Batches, T: int, size: int) -> None:
        self._T, self._size = T, size
        self._given: Any = batches
        self._iterator: Iterator[Any] | None = None
        self._next = 0
        if isinstance(batches, Mapping) or hasattr(batches, "_fields"):
            raise InputError(f"batches: one batch is given, and {_TAKES}")
        if _is_one_batch(batches):
            raise InputError(
                "batches: one batch of arrays (tokens, query, output) is given, and "
                f"{_TAKES}: write [(tokens, query, output)]"
            )
        if isinstance(batches, str | bytes | PathLike):
            raise InputError(
                f"batches: {show(batches)} is not allowed; {_TAKES}; name a file in data.from"
            )
        if hasattr(batches, "__getitem__") and hasattr(batches, "__len__"):
            self._how = "sequence"
        elif hasattr(batches, "__iter__"):
            self._how, self._iterator = "iterable", iter(batches)
        elif callable(batches):
            self._how = "function"
        else:
            raise InputError(f"batches: {show(batches)} is not allowed; {_TAKES}")
        self.restartable = self._iterator is None

    def batch(self, number: int) -> Read | None:
        """Return the reader of a batch; see :class:`Source`."""
        found = self._found(number)
        if found is None:
            if number == 0 and self._how != "sequence":
                raise InputError(f"batches: {_NO_FIRST[self._how]}")
            return None
        return as_samples(found, self._T, self._size, self.name(number)).part

    def _found(self, number: int) -> Any:
        if self._iterator is not None:
            if number != self._next:
                raise InputError(f"batches: {NOT_RESTARTABLE}")
            self._next += 1
            return next(self._iterator, None)
        if self._how == "function":
            return self._given(number)
        return self._given[number] if number < len(self._given) else None

    def name(self, number: int) -> str:
        """Return the name of a batch for messages."""
        return f"batch {number}"

    def facts(self) -> dict[str, Any]:
        """Return entries for the provenance."""
        return {"samples": f"handed over, by a {self._how} of batches"}


def _is_one_batch(batches: Any) -> bool:
    """Return whether all items are arrays, the first with more axes, as those of a batch have."""
    if not isinstance(batches, tuple | list) or not 2 <= len(batches) <= 4:
        return False
    axes = [getattr(each, "ndim", None) for each in batches]
    return axes == [2] + [1] * (len(axes) - 1)


NOT_RESTARTABLE = (
    "the run goes on in the middle of its batches, and this iterable can only be read from its "
    "start. Give a sequence of batches, or a function that returns the batch of a number"
)
