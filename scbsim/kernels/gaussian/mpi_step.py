"""One step of the Gaussian dynamics where the columns of A are shared out over processes.

A step is cut in two where the processes meet. Before it each steps its own columns, and V in full;
after it each has the few numbers of every column and goes on with them in the order in which one
process alone would: its pieces are those of `gaussian.advance`, and so are the bits.
"""

from __future__ import annotations

import numpy as np

from scbsim.kernels.compile.jit import kernel
from scbsim.kernels.gaussian.dense import overflowed, step_matrices
from scbsim.kernels.gaussian.observe import couple
from scbsim.kernels.gaussian.state import Attention, ProblemConstants, Scratch, StepParams, Value
from scbsim.kernels.gaussian.support import step_support
from scbsim.kernels.types import F64, I64, Int

WENT_ON = 0
OVERFLOWED = 1
DISAGREED = 2


@kernel
def coupling_of(
    A: Attention, V: Value, constants: ProblemConstants, coupled: F64, row: F64
) -> None:
    """Write what the next step needs, ``coupled``: see :func:`end_step`."""
    coupled[0], coupled[1], coupled[2], coupled[3] = couple(A, V, constants, row)


@kernel
def begin_step(
    own: Attention,
    V: Value,
    constants: ProblemConstants,
    params: StepParams,
    coupled: F64,
    step: Int,
    scratch: Scratch,
    message: F64,
) -> None:
    """Step the columns that are here off their support, and V.

    Parameters
    ----------
    own : Attention
        Rows of the columns from ``own.first`` on.
    V, constants, scratch
        See `state`.
    params : StepParams
        With the levels of the columns that are here.
    coupled : (4,) float64
        ``nA, qA, kappa, kappa_prime`` before the step.
    step : int
        Steps taken before.
    message : (1 + columns here, 2 + Q) float64
        Receives what the others need: the scalars of V in its first row, which all have alike, and
        of each column the sums off the support and the step's normals at the support.
    """
    nA, qA, kappa = coupled[0], coupled[1], coupled[2]
    at = (np.uint64(step), constants.seed, constants.replica)
    factors = (1.0 - params.rate_V * nA, params.rate_V * qA, params.rate_V * params.sigma_V)
    step_matrices(own, V, constants, params, kappa, factors, at, scratch)
    message[0, :] = 0.0
    message[0, 0] = V.scalars[0]
    message[0, 1] = V.scalars[1]
    for k in range(own.noise.shape[0]):
        message[1 + k, 0] = own.off_sums[k, 0]
        message[1 + k, 1] = own.off_sums[k, 1]
        for j in range(own.noise.shape[1]):
            message[1 + k, 2 + j] = own.noise[k, j]


@kernel
def end_step(
    A: Attention,
    V: Value,
    constants: ProblemConstants,
    params: StepParams,
    coupled: F64,
    message: F64,
    first: I64,
    row: F64,
) -> int:
    """Step the support of every column, and renew what couples A and V.

    Parameters
    ----------
    A : Attention
        All columns, without a bulk.
    V, constants
        See `state`.
    params : StepParams
        With the levels of all columns.
    coupled : (4,) float64
        As before the step; afterwards as after it.
    message : (processes + N, 2 + Q) float64
        The messages of all, in order.
    first : (processes + 1,) int64
        The first column of each, and N.
    row : (9,) float64
        Receives the observables.

    Returns
    -------
    int
        WENT_ON; OVERFLOWED; or DISAGREED where V is not to the bit the same in all.
    """
    at = 0
    for process in range(first.size - 1):
        for i in range(2):
            here, there = V.scalars[i], message[at, i]
            if here != there and not (np.isnan(here) and np.isnan(there)):
                return DISAGREED
        at += 1
        for k in range(first[process], first[process + 1]):
            A.off_sums[k, 0] = message[at, 0]
            A.off_sums[k, 1] = message[at, 1]
            for j in range(A.noise.shape[1]):
                A.noise[k, j] = message[at, 2 + j]
            at += 1
    step_support(A, params, coupled[2], coupled[3])
    coupled[0], coupled[1], coupled[2], coupled[3] = couple(A, V, constants, row)
    return OVERFLOWED if overflowed(coupled[0], coupled[1], coupled[2], row) else WENT_ON
