"""Tasks as users have them: an attention target as a matrix, and transitions without their mu."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from scbsim.errors import Fault, TaskError
from scbsim.util.masks import masked

Array = NDArray[np.float64]


class Target(NamedTuple):
    """The columns of an attention target, sparse."""

    positions: NDArray[np.int64]  # (N, Q), distinct in each row
    weights: Array  # (N, Q)
    T: int


def target_of(Q: Any, tokens: tuple[int, ...]) -> Target:
    """Return the columns of an attention target that is given as a matrix.

    Parameters
    ----------
    Q : array_like or scipy.sparse array
        (T, N); column k holds the weights ``q_k``.
    tokens : tuple of int
        The shape of ``mu``.

    Returns
    -------
    Target
        Its Q is the largest number of nonzeros in a column. Shorter columns have further positions,
        with weight 0.

    Raises
    ------
    TaskError
        If it is not a matrix of numbers with a column for each token, or has none but zeros.
    """
    from scipy.sparse import csc_array, issparse

    if problem := masked(Q):
        raise TaskError([Fault("Q", problem)])
    try:
        Q = Q if issparse(Q) else np.asarray(Q)
        if Q.ndim != 2 or Q.dtype.kind not in "iufb":
            raise TypeError(f"shape {Q.shape}, {Q.dtype} given")
        columns = csc_array(Q, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise TaskError([Fault("Q", f"not a matrix of real numbers ({error})")]) from None
    if len(tokens) == 1 and columns.shape[1:] != tokens:
        hint = ": is it the transpose?" if columns.shape[:1] == tokens else ""
        problem = f"has shape {columns.shape}; it must be (T, N = {tokens[0]}){hint}"
        raise TaskError([Fault("Q", problem)])
    columns.sum_duplicates()
    columns.eliminate_zeros()
    T, N = columns.shape
    counts = np.diff(columns.indptr)
    width = int(counts.max(initial=0))
    if not width:
        raise TaskError([Fault("Q", f"has shape {columns.shape} and no entry that is not 0")])
    positions = np.empty((N, width), np.int64)
    weights = np.zeros((N, width))
    for k in range(N):
        here = slice(columns.indptr[k], columns.indptr[k + 1])
        own = columns.indices[here]
        # Of the first `width` positions at least `width - len(own)` are not among its own.
        others = np.setdiff1d(np.arange(width), own)[: width - len(own)]
        positions[k] = np.concatenate([own, others])
        weights[k, : len(own)] = columns.data[here]
    return Target(positions, weights, T)


def of_target(error: TaskError) -> TaskError:
    """Return the error with the faults of positions and weights as faults of the matrix."""
    names = {"q_positions": "Q", "q_weights": "Q"}
    return TaskError([Fault(names.get(each.key, each.key), each.problem) for each in error.faults])


def stationary_of(P: ArrayLike) -> Array:
    """Return the distribution that a transition matrix keeps, ``P mu = mu``, shape (N,).

    Parameters
    ----------
    P : array_like
        (N, N), at least 0, columns sum to 1.

    Raises
    ------
    TaskError
        If not every token can be reached from every other: then no distribution above 0 is the
        only one that is kept.
    """
    from scipy.sparse.csgraph import connected_components

    matrix = np.asarray(P, np.float64)
    N = len(matrix)
    classes, _ = connected_components(matrix > 0.0, connection="strong")
    if classes > 1:
        problem = (
            f"has {classes} classes of tokens that do not reach one another, so the mu that it "
            "keeps is not unique or not above 0; give mu"
        )
        raise TaskError([Fault("P", problem)])
    # One of the N equations (P - 1) mu = 0 follows from the others; the sum takes its place.
    system = matrix - np.eye(N)
    system[-1] = 1.0
    mu = np.linalg.solve(system, np.eye(N)[-1])
    return np.asarray(mu / mu.sum())


def dense(value: Any) -> Any:
    """Return a scipy.sparse array as a dense one, and anything else as it is."""
    from scipy.sparse import issparse

    return value.toarray() if issparse(value) else value
