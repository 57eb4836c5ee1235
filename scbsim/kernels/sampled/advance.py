"""Many steps of SGD on sampled gradients in one call: `docs/model.md`, section 8."""

from __future__ import annotations

import numpy as np

from scbsim.kernels.compile.jit import inline_jit, internal_jit, kernel
from scbsim.kernels.gaussian.dense import DIVERGED, SIGNAL_REACHED, STEPS_DONE, overflowed
from scbsim.kernels.gaussian.observe import couple, keep_row, make_row
from scbsim.kernels.gaussian.off_support import OffSupport, move, of_column, write_sums
from scbsim.kernels.gaussian.schedule import BATCH, RATE_A, RATE_V
from scbsim.kernels.gaussian.state import Model, Scratch, StepParams
from scbsim.kernels.gaussian.turning import turn
from scbsim.kernels.gaussian.value import step_value
from scbsim.kernels.random.philox import SAMPLED_REST, counter_words, split_seed
from scbsim.kernels.random.variates import chi_square, lane_at, two_normals
from scbsim.kernels.sampled.samples import sum_samples
from scbsim.kernels.sampled.state import Batch, SampledState, SampleSums
from scbsim.kernels.types import F64, Address, Int


@internal_jit
def _step_columns(L: SampledState, S: SampleSums, mu: F64, factor: float, at: Address) -> None:
    """Step A by the sums of a batch; ``factor`` is the rate over the batch size."""
    step, seed, replica = at
    N, Q = L.support.shape
    n, off = L.T - Q, OffSupport(L.along, L.square, L.cosine, L.since, L.free)
    for k in range(N):
        scale = factor / mu[k]
        _, ones, square = of_column(off, L.support, k, L.T)
        for j in range(Q):
            L.support[k, j] -= scale * S.support[0, k, j]
        if n < 1.0:
            continue
        # The gradient off the support: along a_k, at right angles to it in the plane of a_k and
        # the ones, and in the n - 2 dimensions that are left.
        counter = counter_words(k, step, SAMPLED_REST, replica)
        across, _, lane = two_normals(lane_at(0, counter, split_seed(seed)))
        others, lane = chi_square(n - 2.0, lane)
        total = max(S.square[0, k], 0.0)
        level = scale * np.sqrt(total)
        # The squares of one sample's gradient vary with the counts of its tokens alone, which are
        # in the total. Products of different samples vary as of normal vectors.
        mixed = np.sqrt(max(1.0 - S.fourth[0, k] / (total * total), 0.0)) if total > 0.0 else 0.0
        if n > 2.0:
            others = n - 2.0 + mixed * (others - (n - 2.0))
        along = scale * S.along[0, k]
        across *= level if n >= 2.0 else 0.0
        move(off, k, (ones, square), 1.0, (along, across), level * level * others)
    turn(off.cosine, off.since, off.free, 0, at)


@inline_jit
def _numbers(params: StepParams, taken: Int) -> tuple[float, float, float]:
    """Return both step sizes and the batch size of a step."""
    table = params.schedule
    if table.shape[0] > 0:
        return table[taken, RATE_A], table[taken, RATE_V], table[taken, BATCH]
    return params.rate_A, params.rate_V, params.batch


@kernel
def advance_sampled(
    model: Model,
    L: SampledState,
    params: StepParams,
    step: Int,
    rows: F64,
    scratch: Scratch,
    batch: Batch,
) -> tuple[int, int]:
    """Take up to ``len(rows)`` steps of SGD.

    Parameters
    ----------
    model : Model
        A is without its bulk.
    L : SampledState
        Its ``support`` and ``W`` are those of A and V.
    params : StepParams
        Only the rates, the batch, ``until_signal`` and the schedule are read.
    step : int
        Steps taken before: the next step's place in the random stream.
    rows : (n, 9) float64
        Receives the observables after each step.
    scratch : Scratch
    batch : Batch

    Returns
    -------
    taken : int
    reason : int
        STEPS_DONE, SIGNAL_REACHED or DIVERGED; a step that overflows is taken but not counted.
    """
    A, V, constants = model
    _, together, alias, S = batch
    row = make_row(rows)
    off = OffSupport(L.along, L.square, L.cosine, L.since, L.free)
    for taken in range(rows.shape[0]):
        at = (np.uint64(step + taken), constants.seed, constants.replica)
        rate_A, rate_V, size = _numbers(params, taken)
        sum_samples(L, S, (np.int64(size), together), at, alias)
        _step_columns(L, S, constants.mu, rate_A / size, at)
        write_sums(off, L.T - L.support.shape[1], A.off_sums)
        factor = rate_V / size
        for n in range(V.W.shape[0]):
            for m in range(V.W.shape[0]):
                V.W[n, m] -= factor * S.of_V[0, n, m]
        # A step of nothing: it projects W, and renews its scalars.
        step_value(V, constants, (1.0, 0.0, 0.0), at, scratch)
        couplings = couple(A, V, constants, row)
        if overflowed(couplings, row):
            return taken, DIVERGED
        keep_row(rows, taken, row)
        if max(row[0], row[1]) >= params.until_signal:
            return taken + 1, SIGNAL_REACHED
    return rows.shape[0], STEPS_DONE
