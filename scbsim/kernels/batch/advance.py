"""Steps on real batches: `docs/model.md`, section 8.

A batch is processed in rounds. A round draws some samples and does their forward and backward pass
while they are in the cache. Threads synchronise twice a round, and once a step.
"""

from __future__ import annotations

import numpy as np
from numba import prange

from scbsim.kernels.batch.columns import step_columns, step_logits, write_column, write_softmax
from scbsim.kernels.batch.observe import couple_unconstrained
from scbsim.kernels.batch.passes import collect_V, first_pass, second_pass, sort_by_query
from scbsim.kernels.batch.tokens import AliasTables
from scbsim.kernels.batch.value import step_V, write_V
from scbsim.kernels.batch.workspace import Learner, Work
from scbsim.kernels.compile.jit import internal_jit, kernel, parallel_jit
from scbsim.kernels.gaussian.dense import DIVERGED, SIGNAL_REACHED, STEPS_DONE
from scbsim.kernels.gaussian.observe import keep_row, make_row
from scbsim.kernels.gaussian.schedule import at_step, batch_at
from scbsim.kernels.gaussian.state import Attention, ProblemConstants, StepParams
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
) -> None:
    """Step one share of A's columns; ``own`` is ``sums`` and ``logits`` of `Learner`."""
    sums, logits = own
    if logits.size > 0:
        step_logits(share, shares, A, logits, params, constants, work)
    else:
        step_columns(share, shares, A, sums, params, constants, work)


@parallel_jit
def _step_shares(
    A: Attention,
    sums: F64,
    logits: Floats,
    params: StepParams,
    constants: ProblemConstants,
    work: Work,
) -> None:
    for share in prange(work.words.shape[0]):
        one, of = _i64(share), _i64(work.words.shape[0])
        _step_share(one, of, A, (sums, logits), params, constants, work)


@internal_jit
def step_A(learner: Learner, params: StepParams, constants: ProblemConstants, work: Work) -> None:
    """Step A; a small one with one thread."""
    A, _, sums, logits, _ = learner
    if work.words.shape[0] > 1 and work.full.size >= _THREADS_FROM:
        _step_shares(A, sums, logits, params, constants, work)
    else:
        _step_share(_i64(0), _i64(1), A, (sums, logits), params, constants, work)


@internal_jit
def _sum_gradients(
    sample: np.uint64, batch: Int, work: Work, alias: AliasTables, stream: Stream
) -> None:
    """Sum the gradients over a batch, given the number of its first sample and of its samples."""
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


@internal_jit
def step_learner(
    learner: Learner, params: StepParams, taken: Int, constants: ProblemConstants, work: Work
) -> None:
    """Take a step of a call by the gradients in ``work``, ``taken`` steps after its first."""
    now = at_step(params, taken)
    step_A(learner, now, constants, work)
    step_V(learner.V, learner.mean, now, constants, work)


@kernel
def prepare(learner: Learner, work: Work) -> None:
    """Write the parts of ``work`` that follow from a state: A in full, V and its transpose."""
    A, V, sums, logits, mean = learner
    for k in range(A.support.shape[0]):
        if logits.size > 0:
            write_softmax(k, A, logits, work.full, work.wide[0])
        else:
            write_column(k, A, sums, work.full)
    write_V(V, mean, work)


@kernel
def advance_batch(
    learner: Learner,
    constants: ProblemConstants,
    params: StepParams,
    sample: np.uint64,
    rows: F64,
    work: Work,
    alias: AliasTables,
) -> tuple[int, int]:
    """Take up to ``len(rows)`` steps; with no rows, only sum the gradients of the next batch.

    Parameters and result as :func:`scbsim.kernels.gaussian.dense.advance`, and

    Parameters
    ----------
    params : StepParams
        ``batch``, or that of the schedule, is a whole number, at most ``work.batch_size``.
    sample : uint64
        The number of the first sample of the next batch. Batches follow one another.
    work : Work
        As :func:`prepare` or the last call left it.
    """
    A, V, sums, _, mean = learner
    row = make_row(rows)
    k0, k1 = split_seed(constants.seed)
    stream = (k0, k1, constants.replica)
    number = _u64(sample)
    for taken in range(max(1, rows.shape[0])):
        batch = batch_at(params, taken)
        _sum_gradients(number, _i64(batch), work, alias, stream)
        number += _u64(batch)
        if rows.shape[0] == 0:
            break
        step_learner(learner, params, taken, constants, work)
        if not np.isfinite(couple_unconstrained(A, V, sums, mean, constants, row)):
            return taken, DIVERGED
        keep_row(rows, taken, row)
        if max(row[0], row[1]) >= params.until_signal:
            return taken + 1, SIGNAL_REACHED
    return rows.shape[0], STEPS_DONE
