"""Steps on batches that are handed over: `docs/model.md`, section 8.

A batch comes in parts, so that its tokens need not be in memory all at once. Sums have the order
that they have in :func:`scbsim.kernels.batch.advance.advance_batch`, and so the same bits.
"""

from __future__ import annotations

import numpy as np
from numba import prange

from scbsim.kernels.batch.advance import step_learner
from scbsim.kernels.batch.observe import couple_unconstrained
from scbsim.kernels.batch.passes import collect_V, pass_over, second_pass, sort_by_query
from scbsim.kernels.batch.tokens import AliasTables
from scbsim.kernels.batch.workspace import Learner, Work
from scbsim.kernels.compile.jit import internal_jit, kernel, parallel_jit
from scbsim.kernels.gaussian.dense import DIVERGED, SIGNAL_REACHED, STEPS_DONE
from scbsim.kernels.gaussian.state import ProblemConstants, StepParams
from scbsim.kernels.types import F64, Int

_i64, _u64 = np.int64, np.uint64


def no_tables(T: int) -> AliasTables:
    """Return alias tables for :func:`add_samples`, which stores all tokens and draws none."""
    empty, rows = np.zeros(0, np.uint32), np.zeros((0, 0), np.uint32)
    positions = np.zeros((0, 0), np.int64)
    one = np.uint64(1)
    return AliasTables(
        empty, empty, rows, rows, positions, np.uint32(1), np.uint32(1), np.uint64(T), one
    )


@internal_jit
def _first(share: Int, shares: Int, work: Work, none: AliasTables) -> None:
    size, zero = work.heads.shape[1], _u64(0)
    part = (_i64(size * share // shares), _i64(size * (share + 1) // shares))
    pass_over(part, share, zero, work, none, (zero, zero, zero))


@internal_jit
def _second(share: Int, shares: Int, begin: bool, work: Work, none: AliasTables) -> None:
    zero = _u64(0)
    second_pass(share, shares, begin, zero, work, none, (zero, zero, zero))


@parallel_jit
def _first_shares(work: Work, none: AliasTables) -> None:
    for share in prange(work.words.shape[0]):
        _first(_i64(share), _i64(work.words.shape[0]), work, none)


@parallel_jit
def _second_shares(begin: bool, work: Work, none: AliasTables) -> None:
    for share in prange(work.words.shape[0]):
        _second(_i64(share), _i64(work.words.shape[0]), begin, work, none)


@parallel_jit
def _collect_shares(size: Int, begin: bool, work: Work) -> None:
    for share in prange(work.words.shape[0]):
        collect_V(_i64(share), _i64(work.words.shape[0]), size, begin, work)


@internal_jit
def _end(size: Int, begin: bool, work: Work) -> float:
    if work.words.shape[0] > 1:
        _collect_shares(size, begin, work)
    else:
        collect_V(_i64(0), _i64(1), size, begin, work)
    loss = 0.0
    for b in range(size):
        # Rows are padded with zeros to a multiple of 16.
        r, p, q, s, t = work.r[b], 0.0, 0.0, 0.0, 0.0
        for i in range(0, r.size, 4):
            p += np.float64(r[i]) * np.float64(r[i])
            q += np.float64(r[i + 1]) * np.float64(r[i + 1])
            s += np.float64(r[i + 2]) * np.float64(r[i + 2])
            t += np.float64(r[i + 3]) * np.float64(r[i + 3])
        loss += 0.5 * ((p + q) + (s + t))
    return loss


@kernel
def add_samples(begin: bool, whole: bool, part: Work, none: AliasTables) -> float:
    """Add some samples of a round to the gradient of A, and compute their ``u``, ``r`` and ``w``.

    Parameters
    ----------
    begin : bool
        Whether they are the first of their batch.
    whole : bool
        Whether they are all of their round, which is then ended as :func:`end_round` does.
    part : Work
        As of the round, but with ``tokens``, ``heads``, ``u``, ``r``, ``w`` of these samples only.
    none : AliasTables
        Those of :func:`no_tables`.

    Returns
    -------
    float64
        The sum of their losses if they are all of their round, else 0.
    """
    size = part.heads.shape[1]
    if begin:
        part.counts[:] = 0
    if part.words.shape[0] > 1:
        _first_shares(part, none)
        sort_by_query(size, part)
        _second_shares(begin, part, none)
    else:
        one, of = _i64(0), _i64(1)
        _first(one, of, part, none)
        sort_by_query(size, part)
        _second(one, of, begin, part, none)
    return _end(size, begin, part) if whole else 0.0


@kernel
def end_round(size: Int, begin: bool, work: Work) -> float:
    """Add a round to the gradient of V; return the sum of the losses of its samples.

    ``begin`` is true in the first round of a batch.
    """
    return _end(size, begin, work)


@kernel
def step_on_sums(
    learner: Learner, constants: ProblemConstants, params: StepParams, row: F64, work: Work
) -> int:
    """Take a step by the gradients of the batch in ``work``; write the observables to ``row``.

    Returns
    -------
    int
        ``DIVERGED`` if the step overflowed, ``SIGNAL_REACHED``, or ``STEPS_DONE``.
    """
    A, V, sums, _, mean = learner
    step_learner(learner, params, _i64(0), constants, work)
    if not np.isfinite(couple_unconstrained(A, V, sums, mean, constants, row)):
        return DIVERGED
    return SIGNAL_REACHED if max(row[0], row[1]) >= params.until_signal else STEPS_DONE
