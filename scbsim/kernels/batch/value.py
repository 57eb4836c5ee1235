"""A step of V under a gradient that is at hand: `docs/model.md`, sections 3 and 8."""

from __future__ import annotations

import numpy as np

from scbsim.kernels.batch.workspace import Work
from scbsim.kernels.compile.jit import internal_jit
from scbsim.kernels.gaussian.rules import VANILLA
from scbsim.kernels.gaussian.state import ProblemConstants, StepParams, Value
from scbsim.kernels.types import F64

_u64 = np.uint64


@internal_jit
def write_V(V: Value, mean: F64, work: Work) -> None:
    """Write V and its transpose as the samples need them, from ``W`` and ``V mu``."""
    N = V.W.shape[0]
    real = work.V.dtype.type
    for n in range(N):
        for m in range(N):
            entry = real(V.W[n, m] / V.root_mu[m] + mean[n])
            work.V[n, m] = entry
            work.transposed[m, n] = entry


@internal_jit
def renew_scalars(V: Value, K_P: float) -> None:
    """Find the signal of W and the square of the rest."""
    N = V.W.shape[0]
    with_target, rest = 0.0, 0.0
    for n in range(N):
        for m in range(N):
            with_target += V.W[n, m] * V.target[n, m]
    alpha = with_target / K_P if K_P > 0.0 else 0.0
    for n in range(N):
        for m in range(N):
            off = V.W[n, m] - alpha * V.target[n, m]
            rest += off * off
    V.scalars[0] = alpha
    V.scalars[1] = rest


@internal_jit
def step_V(
    V: Value, mean: F64, params: StepParams, constants: ProblemConstants, work: Work, batch: float
) -> None:
    """Step V, and write it as the next step's samples need it.

    Parameters
    ----------
    V : Value
    mean : (N,) float64
        ``V mu``, which only the vanilla rule moves.
    params : StepParams
    constants : ProblemConstants
    work : Work
        ``of_V`` of the whole batch; overwritten.
    batch : float64
        Its size.
    """
    N = V.W.shape[0]
    rate, G, root = params.rate_V / batch, work.of_V, V.root_mu
    if params.rule == VANILLA:
        for n in range(N):
            along = 0.0
            for m in range(N):
                along += G[n, m] * constants.mu[m]
            mean[n] -= rate * along
            for m in range(N):
                V.W[n, m] -= rate * (G[n, m] - along) * root[m]
    else:
        # Columns over mu, then what keeps V mu, then what keeps 1'V.
        of_columns = V.column_sums[0]
        of_columns[:] = 0.0
        for n in range(N):
            along = 0.0
            for m in range(N):
                along += G[n, m]
            for m in range(N):
                G[n, m] = G[n, m] / constants.mu[m] - along
                of_columns[m] += G[n, m]
        for n in range(N):
            for m in range(N):
                V.W[n, m] -= rate * (G[n, m] - of_columns[m] / N) * root[m]
    renew_scalars(V, constants.K_P)
    write_V(V, mean, work)
