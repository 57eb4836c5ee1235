"""One step of the Gaussian dynamics with the columns of A distributed over processes.

A step has two parts, with an exchange of messages between. In the first each process steps its own
columns, and all of V. In the second each has a few numbers of every column, and adds them up in the
order in which one process would. The functions are those of `dense.advance`, and so are the bits.
"""

from __future__ import annotations

import numpy as np

from scbsim.kernels.compile.jit import kernel
from scbsim.kernels.gaussian.dense import overflowed, step_matrices
from scbsim.kernels.gaussian.observe import couple
from scbsim.kernels.gaussian.state import Model, Scratch, StepParams
from scbsim.kernels.gaussian.support import step_support
from scbsim.kernels.types import F64, I64, Int

WENT_ON = 0
OVERFLOWED = 1
DISAGREED = 2


@kernel
def coupling_of(model: Model, coupled: F64, row: F64) -> None:
    """Write the couplings of a state to ``coupled``: see :func:`end_step`."""
    A, V, constants = model
    coupled[0], coupled[1], coupled[2], coupled[3] = couple(A, V, constants, row)


@kernel
def begin_step(
    model: Model,
    params: StepParams,
    coupled: F64,
    step: Int,
    scratch: Scratch,
    message: F64,
) -> None:
    """Step the columns of this process off their support, and V.

    Parameters
    ----------
    model : Model
        A is the columns of this process, from ``A.first`` on.
    params : StepParams
        With the noise levels and thresholds of these columns; its schedule is not read.
    coupled : (4,) float64
        ``nA, qA, kappa, kappa_prime`` before the step.
    step : int
        Number of steps taken before.
    message : (1 + columns of this process, 2 + Q) float64
        Receives what the other processes need: in its first row the scalars of V, and for each
        column the sums off the support and the step's normals at the support.
    """
    A, V, constants = model
    before = (coupled[0], coupled[1], coupled[2], coupled[3])
    at = (np.uint64(step), constants.seed, constants.replica)
    step_matrices(model, params, before, at, scratch)
    message[0, :] = 0.0
    message[0, 0] = V.scalars[0]
    message[0, 1] = V.scalars[1]
    for k in range(A.noise.shape[0]):
        message[1 + k, 0] = A.off_sums[k, 0]
        message[1 + k, 1] = A.off_sums[k, 1]
        for j in range(A.noise.shape[1]):
            message[1 + k, 2 + j] = A.noise[k, j]


@kernel
def end_step(
    model: Model,
    params: StepParams,
    coupled: F64,
    message: F64,
    first: I64,
    row: F64,
) -> int:
    """Step the support of every column, and update the couplings.

    Parameters
    ----------
    model : Model
        A is all columns, without a bulk.
    params : StepParams
        With the noise levels and thresholds of all columns; its schedule is not read.
    coupled : (4,) float64
        Those before the step; receives those after it.
    message : (processes + N, 2 + Q) float64
        The messages of all processes, in order.
    first : (processes + 1,) int64
        The first column of each process, and N.
    row : (9,) float64
        Receives the observables.

    Returns
    -------
    int
        WENT_ON, OVERFLOWED, or DISAGREED if the bits of V differ between processes.
    """
    A, V, constants = model
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
    after = couple(A, V, constants, row)
    coupled[0], coupled[1], coupled[2], coupled[3] = after
    return OVERFLOWED if overflowed(after, row) else WENT_ON
