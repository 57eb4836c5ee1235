"""Many steps on real batches in one call: `docs/model.md`, section 8.

A batch is drawn, learned from and forgotten in rounds: sampling, forward and backward pass of some
samples while they are in the cache. Threads meet twice a round, and once a step.
"""

from __future__ import annotations

import numpy as np
from numba import prange

from scbsim.kernels.batch.columns import step_columns, step_logits, write_column, write_softmax
from scbsim.kernels.batch.observe import couple_unconstrained
from scbsim.kernels.batch.passes import collect_V, first_pass, second_pass, sort_by_query
from scbsim.kernels.batch.tokens import AliasTables
from scbsim.kernels.batch.value import step_V, write_V
from scbsim.kernels.batch.workspace import Work
from scbsim.kernels.compile.jit import internal_jit, kernel, parallel_jit
from scbsim.kernels.gaussian.dense import DIVERGED, SIGNAL_REACHED, STEPS_DONE
from scbsim.kernels.gaussian.state import Attention, ProblemConstants, StepParams, Value
from scbsim.kernels.random.philox import split_seed
from scbsim.kernels.types import F64, Floats, Int, Stream

_i64, _u64 = np.int64, np.uint64

_THREADS_FROM = 50_000  # entries of A; below, starting threads costs more than they save


@parallel_jit
def _first_passes(
    size: Int, sample: np.uint64, work: Work, alias: AliasTables, stream: Stream
) -> None:
    for share in prange(work.words.shape[0]):
        first_pass(_i64(share), _i64(work.words.shape[0]), size, sample, work, alias, stream)


@parallel_jit
def _second_passes(
    size: Int, begin: bool, sample: np.uint64, work: Work, alias: AliasTables, stream: Stream
) -> None:
    for share in prange(work.words.shape[0]):
        one, of = _i64(share), _i64(work.words.shape[0])
        second_pass(one, of, begin, sample, work, alias, stream)
        collect_V(one, of, size, begin, work)


@internal_jit
def _step_share(
    share: Int,
    shares: Int,
    A: Attention,
    own: tuple[F64, Floats],
    params: StepParams,
    constants: ProblemConstants,
    work: Work,
    batch: float,
) -> None:
    """Step one share of A's columns; ``own`` is what only this kind of attention has."""
    sums, logits = own
    if logits.size > 0:
        step_logits(share, shares, A, logits, params, constants, work, batch)
    else:
        step_columns(share, shares, A, sums, params, constants, work, batch)


@parallel_jit
def _step_shares(
    A: Attention,
    sums: F64,
    logits: Floats,
    params: StepParams,
    constants: ProblemConstants,
    work: Work,
    batch: float,
) -> None:
    for share in prange(work.words.shape[0]):
        one, of = _i64(share), _i64(work.words.shape[0])
        _step_share(one, of, A, (sums, logits), params, constants, work, batch)


@internal_jit
def _step_A(
    A: Attention,
    own: tuple[F64, Floats],
    params: StepParams,
    constants: ProblemConstants,
    work: Work,
    batch: float,
) -> None:
    """Step A; where that is little, by one thread."""
    sums, logits = own
    if work.words.shape[0] > 1 and work.full.size >= _THREADS_FROM:
        _step_shares(A, sums, logits, params, constants, work, batch)
    else:
        _step_share(_i64(0), _i64(1), A, own, params, constants, work, batch)


@internal_jit
def _gather_gradient(
    sample: np.uint64, batch: Int, work: Work, alias: AliasTables, stream: Stream
) -> None:
    """Find the gradients of a batch from the number of its first sample: sums over its samples."""
    work.counts[:] = 0
    one, of = _i64(0), _i64(1)
    for done in range(0, batch, work.order.size):
        size, first, begin = min(work.order.size, batch - done), sample + _u64(done), done == 0
        if work.words.shape[0] > 1:
            _first_passes(size, first, work, alias, stream)
            sort_by_query(size, work)
            _second_passes(size, begin, first, work, alias, stream)
        else:
            # With one share no thread is started.
            first_pass(one, of, size, first, work, alias, stream)
            sort_by_query(size, work)
            second_pass(one, of, begin, first, work, alias, stream)
            collect_V(one, of, size, begin, work)


@kernel
def prepare(A: Attention, V: Value, sums: F64, logits: Floats, mean: F64, work: Work) -> None:
    """Write a state as a step needs it: A in full, V and its transpose."""
    for k in range(A.support.shape[0]):
        if logits.size > 0:
            write_softmax(k, A, logits, work.full, work.wide[0])
        else:
            write_column(k, A, sums, work.full)
    write_V(V, mean, work)


@kernel
def advance_batch(
    A: Attention,
    V: Value,
    sums: F64,
    logits: Floats,
    mean: F64,
    constants: ProblemConstants,
    params: StepParams,
    batch: Int,
    step: Int,
    rows: F64,
    work: Work,
    alias: AliasTables,
) -> tuple[int, int]:
    """Take up to ``len(rows)`` steps; with no rows, find the gradients of the next batch.

    Both matrices are stepped from the state at the start of the step. A step that overflows is
    taken but not counted, and ends the call.

    Parameters
    ----------
    A, V, constants, params
        See `state`.
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
    alias : AliasTables

    Returns
    -------
    taken : int
    reason : int
        STEPS_DONE, SIGNAL_REACHED or DIVERGED.
    """
    row, own = np.empty(9), (sums, logits)
    k0, k1 = split_seed(constants.seed)
    stream = (k0, k1, constants.replica)
    for taken in range(max(1, rows.shape[0])):
        sample = _u64(step + taken) * _u64(batch)
        _gather_gradient(sample, batch, work, alias, stream)
        if rows.shape[0] == 0:
            break
        _step_A(A, own, params, constants, work, np.float64(batch))
        step_V(V, mean, params, constants, work, np.float64(batch))
        if not np.isfinite(couple_unconstrained(A, V, sums, mean, constants, row)):
            return taken, DIVERGED
        rows[taken, :] = row
        if max(row[0], row[1]) >= params.until_signal:
            return taken + 1, SIGNAL_REACHED
    return rows.shape[0], STEPS_DONE
