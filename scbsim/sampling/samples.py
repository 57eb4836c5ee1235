"""Samples from elsewhere: their arrays, checked, and in the types that kernels read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from scbsim.errors import DataError, Fault
from scbsim.kernels.batch.workspace import token_type
from scbsim.util.masks import masked
from scbsim.util.numbers import check_int
from scbsim.util.text import counted

NAMES = ("tokens", "query", "output")

_AT_ONCE = 2**22
"""Tokens that are counted at once."""


class Samples(NamedTuple):
    """Samples: contexts (n, T), queries (n,) and outputs (n,), of any type of integers."""

    tokens: NDArray[np.integer[Any]]
    query: NDArray[np.integer[Any]]
    output: NDArray[np.integer[Any]]

    def part(self, begin: int, end: int) -> Samples:
        """Return some of the samples, as views."""
        return Samples(*(array[begin:end] for array in self))


class Stored(NamedTuple):
    """Samples as kernels read them."""

    tokens: NDArray[np.unsignedinteger[Any]]  # (n T,), of `token_type`
    heads: NDArray[np.int64]  # (3, n): queries, nothing, outputs


def as_samples(batch: Any, T: int, size: int | None, where: str) -> Samples:
    """Return a batch as arrays of the right shapes; their values are not read.

    Parameters
    ----------
    batch : sequence or mapping
        Tokens (B, T), queries (B,) and outputs (B,), in this order or by these names. A sequence
        may have more, as :class:`scbsim.sampling.sampler.Batch` has sources; that is not read.
    T : int
        Length of the context.
    size : int, optional
        B; by default any.
    where : str
        The batch, for messages.

    Raises
    ------
    DataError
        With every fault.
    """
    if isinstance(batch, Mapping):
        missing = [Fault(name, "missing") for name in NAMES if name not in batch]
        if missing:
            raise DataError(missing, where)
        found = [batch[name] for name in NAMES]
    else:
        try:
            found = list(batch[:3])
        except (TypeError, KeyError, IndexError):
            found = []
    if len(found) < 3 or hasattr(batch, "ndim"):
        items = f" of {len(batch)}" if isinstance(batch, tuple | list) else ""
        what = f"the type {type(batch).__name__}{items}"
        problem = f"{what} is given; a batch is (tokens, query, output), or a dict of the three"
        raise DataError([Fault("", problem)], where)
    faults: list[Fault] = []
    arrays = [_integers(name, array, faults) for name, array in zip(NAMES, found, strict=True)]
    if not faults:
        faults += _of_shapes(arrays, T, size)
    if faults:
        raise DataError(faults, where)
    return Samples(*arrays)


def _integers(name: str, array: Any, faults: list[Fault]) -> NDArray[Any]:
    if problem := masked(array):
        faults.append(Fault(name, problem))
    try:
        found = np.asarray(array)
    except (TypeError, ValueError, RuntimeError) as error:
        faults.append(Fault(name, f"not an array of integers ({error})"))
        return np.zeros(0, np.int64)
    if found.dtype.kind not in "iu":
        faults.append(Fault(name, f"has type {found.dtype}; it takes integers"))
    return found


def _of_shapes(arrays: list[NDArray[Any]], T: int, size: int | None) -> list[Fault]:
    tokens, *heads = arrays
    if tokens.ndim != 2:
        return [Fault("tokens", f"has shape {tokens.shape}; it takes (B, T)")]
    faults = []
    if tokens.shape[1] != T:
        problem = f"contexts of {counted(tokens.shape[1], 'token')}; the task has T = {T}"
        faults.append(Fault("tokens", problem))
    B = len(tokens)
    if size is not None and size != B:
        problem = f"{counted(B, 'sample')}, and dynamics.batch_size = {size}; set it to the samples"
        faults.append(Fault("tokens", f"{problem} of a batch, and leave out a last, smaller batch"))
    faults += [
        Fault(name, f"has shape {array.shape}; with these tokens it takes ({B},)")
        for name, array in zip(NAMES[1:], heads, strict=True)
        if array.shape != (B,)
    ]
    return faults


def stored(samples: Samples, N: int, where: str) -> Stored:
    """Return samples as kernels read them.

    Parameters
    ----------
    samples : Samples
        Of right shapes.
    N : int
        Tokens are from 0 to N - 1; at most 2**16.
    where : str
        The samples, for messages.

    Raises
    ------
    DataError
        If a number is no token.
    """
    faults = [
        fault
        for name, array in zip(NAMES, samples, strict=True)
        for fault in _of_values(name, array, N)
    ]
    if faults:
        raise DataError(faults, where)
    tokens, query, output = samples
    heads = np.zeros((3, len(query)), np.int64)
    heads[0], heads[2] = query, output
    return Stored(np.ascontiguousarray(tokens, token_type(N)).reshape(-1), heads)


def _of_values(name: str, array: NDArray[Any], N: int) -> list[Fault]:
    """Return the first entry that is no token as a fault, or an empty list."""
    kind = np.iinfo(array.dtype)
    if not array.size or (kind.min == 0 and kind.max < N):
        return []
    # Seen as unsigned, a negative number is larger than the type's own: one pass finds both.
    unsigned = array.view(np.dtype(f"{array.dtype.byteorder}u{array.dtype.itemsize}"))
    if unsigned.max() < min(N, kind.max + 1):
        return []
    at = np.unravel_index(int(np.argmax((array < 0) | (array >= N))), array.shape)
    place = f"{name}[{', '.join(str(int(i)) for i in at)}]"
    return [Fault(place, f"{int(array[at])} is no token; they are 0 to {N - 1}")]


def token_frequencies(tokens: ArrayLike, N: int) -> NDArray[np.float64]:
    """Estimate the distribution of tokens: ``(n_k + 1) / (n + N)``, above 0 for every token.

    Parameters
    ----------
    tokens : array_like
        Integers from 0 to N - 1, of any shape.
    N : int
        Size of the vocabulary, at least 2.

    Returns
    -------
    (N,) float64

    Raises
    ------
    DataError
        If a number is no token.

    Notes
    -----
    Our choice: one count is added to each token, as the preconditioner divides by ``mu``.
    """
    N = check_int("N", N, 2)
    faults: list[Fault] = []
    array = _integers("tokens", tokens, faults)
    faults += _of_values("tokens", array, N) if not faults else []
    if faults:
        raise DataError(faults, "the tokens")
    counts = np.zeros(N, np.int64)
    flat = array.reshape(-1)
    for begin in range(0, len(flat), _AT_ONCE):
        counts += np.bincount(flat[begin : begin + _AT_ONCE].astype(np.int64), minlength=N)
    return np.asarray((counts + 1.0) / (len(flat) + N))
