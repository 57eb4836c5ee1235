"""A step of V, given the gradient of a batch: `docs/model.md`, sections 3 and 8."""

from __future__ import annotations

import numpy as np

from scbsim.kernels.batch.workspace import Work
from scbsim.kernels.compile.jit import internal_jit
from scbsim.kernels.gaussian.rules import is_projected
from scbsim.kernels.gaussian.state import ProblemConstants, StepParams, Value
from scbsim.kernels.types import F64

_u64 = np.uint64


@internal_jit
def write_V(V: Value, mean: F64, work: Work) -> None:
    """Write V and its transpose to ``work``, from ``W`` and ``V mu``."""
    N = V.W.shape[0]
    real = work.V.dtype.type
    for n in range(N):
        for m in range(N):
            entry = real(V.W[n, m] / V.root_mu[m] + mean[n])
            work.V[n, m] = entry
            work.transposed[m, n] = entry


@internal_jit
def _update_scalars(V: Value, K_P: float) -> None:
    """Compute ``V.scalars`` from ``V.W``."""
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
    V: Value, mean: F64, params: StepParams, constants: ProblemConstants, work: Work
) -> None:
    """Step V and, without projection, ``mean = V mu``; write V to ``work`` for the next step.

    ``work.of_V`` must be that of the whole batch, and is overwritten.
    """
    N = V.W.shape[0]
    rate, G, root = params.rate_V / params.batch, work.of_V, V.root_mu
    if not is_projected(params.rule):
        for n in range(N):
            along = 0.0
            for m in range(N):
                along += G[n, m] * constants.mu[m]
            mean[n] -= rate * along
            for m in range(N):
                V.W[n, m] -= rate * (G[n, m] - along) * root[m]
    else:
        # Precondition by 1/mu; then project so that V mu stays, and so that 1'V stays.
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
    _update_scalars(V, constants.K_P)
    write_V(V, mean, work)
