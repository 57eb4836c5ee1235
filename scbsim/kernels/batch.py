"""Many steps on real batches in one call: `docs/model.md`, section 8.

A batch is drawn, learned from and forgotten in rounds: sampling, forward and backward pass of some
samples while they are in the cache. Threads meet twice a round, and once a step.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import prange

from scbsim.kernels.batch_columns import step_columns, step_logits, write_column, write_softmax
from scbsim.kernels.batch_passes import collect_V, first_pass, second_pass, sort_by_query
from scbsim.kernels.batch_value import renew_scalars, step_V, write_V
from scbsim.kernels.gaussian import DIVERGED, SIGNAL_REACHED, STEPS_DONE
from scbsim.kernels.jit import kernel, parallel_piece, piece
from scbsim.kernels.philox import split_seed
from scbsim.kernels.whole import couple_any

_i64, _u64 = np.int64, np.uint64

_FIRST, _SECOND, _STEP = 0, 1, 2


@piece
def _do_share(
    part: Any, share: Any, A: Any, own: Any, move: Any, facts: Any, work: Any, chances: Any
) -> None:
    """Do one share of a part of a step; ``own`` is what only this kind of attention has."""
    sums, logits = own
    shares, stream = _i64(work.words.shape[0]), (work.key[0], work.key[1], facts.replica)
    size, sample, begin = work.round[0], _u64(work.round[1]), work.round[2] == 0
    batch = np.float64(work.round[3])
    if part == _FIRST:
        first_pass(share, shares, size, sample, work, chances, stream)
    elif part == _SECOND:
        second_pass(share, shares, begin, sample, work, chances, stream)
        collect_V(share, shares, size, begin, work)
    elif logits.size > 0:
        step_logits(share, shares, A, logits, move, facts, work, batch)
    else:
        step_columns(share, shares, A, sums, move, facts, work, batch)


@parallel_piece
def _do_shares(
    part: Any, A: Any, sums: Any, logits: Any, move: Any, facts: Any, work: Any, chances: Any
) -> None:
    # One loop for all parts: each would take as long to compile as all of them.
    for share in prange(work.words.shape[0]):
        _do_share(part, _i64(share), A, (sums, logits), move, facts, work, chances)


@piece
def _do(part: Any, A: Any, own: Any, move: Any, facts: Any, work: Any, chances: Any) -> None:
    """Do a part of a step; with one share no thread is started."""
    if work.words.shape[0] > 1:
        sums, logits = own
        _do_shares(_i64(part), A, sums, logits, move, facts, work, chances)
    else:
        _do_share(_i64(part), _i64(0), A, own, move, facts, work, chances)


@piece
def _gather_gradient(
    sample: Any, batch: Any, A: Any, own: Any, move: Any, facts: Any, work: Any, chances: Any
) -> None:
    """Find the gradients of a batch from the number of its first sample: sums over its samples."""
    work.counts[:] = 0
    for done in range(0, batch, work.order.size):
        size = min(work.order.size, batch - done)
        work.round[0], work.round[1] = size, _i64(sample + _u64(done))
        work.round[2], work.round[3] = done, batch
        _do(_FIRST, A, own, move, facts, work, chances)
        sort_by_query(size, work)
        _do(_SECOND, A, own, move, facts, work, chances)


@kernel
def prepare(A: Any, V: Any, sums: Any, logits: Any, mean: Any, facts: Any, work: Any) -> None:
    """Write a state as a step needs it: A in full, V and its transpose, and V's scalars."""
    work.key[0], work.key[1] = split_seed(facts.seed)
    for k in range(A.support.shape[0]):
        if logits.size > 0:
            write_softmax(k, A, logits, work.full, work.wide[0])
        else:
            write_column(k, A, sums, work.full)
    renew_scalars(V, facts.K_P)
    write_V(V, mean, work)


@kernel
def advance_batch(
    A: Any,
    V: Any,
    sums: Any,
    logits: Any,
    mean: Any,
    facts: Any,
    move: Any,
    batch: Any,
    step: Any,
    rows: Any,
    work: Any,
    chances: Any,
) -> Any:
    """Take up to ``len(rows)`` steps; with no rows, find the gradients of the next batch.

    Both matrices are stepped from the state at the start of the step. A step that overflows is
    taken but not counted, and ends the call.

    Parameters
    ----------
    A, V, facts, move
        See `layout`.
    sums : (N,) float64
        ``1'a_k``.
    logits : (N, T)
        Of softmax attention; (0, 0) of linear.
    mean : (N,) float64
        ``V mu``.
    batch : int64
        Samples of a step.
    step : int64
        Steps taken before: the batch's number.
    rows : (n, 9) float64
        Receives the observables after each step.
    work : Work
        As :func:`prepare` left it.
    chances : Chances

    Returns
    -------
    taken : int
    reason : int
        STEPS_DONE, SIGNAL_REACHED or DIVERGED.
    """
    row, own = np.empty(9), (sums, logits)
    for taken in range(max(1, rows.shape[0])):
        sample = _u64(step + taken) * _u64(batch)
        _gather_gradient(sample, batch, A, own, move, facts, work, chances)
        if rows.shape[0] == 0:
            break
        _do(_STEP, A, own, move, facts, work, chances)
        step_V(V, mean, move, facts, work, np.float64(batch))
        if not np.isfinite(couple_any(A, V, sums, mean, facts, row)):
            return taken, DIVERGED
        rows[taken, :] = row
        if max(row[0], row[1]) >= move.until_signal:
            return taken + 1, SIGNAL_REACHED
    return rows.shape[0], STEPS_DONE
