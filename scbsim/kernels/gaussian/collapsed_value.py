"""A step of a collapsed V: its signal, the norm of its rest, and how far the rest has turned."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from scbsim.kernels.compile.jit import internal_jit
from scbsim.kernels.gaussian.isotropic import step_component
from scbsim.kernels.gaussian.state import ProblemConstants
from scbsim.kernels.gaussian.turning import turn
from scbsim.kernels.random.philox import COLLAPSED_V, counter_words, split_seed
from scbsim.kernels.types import F64, Address, Factors, Int


class CollapsedValue(NamedTuple):
    """V by its scalars; all arrays but ``free`` are changed."""

    scalars: F64  # (2,): alpha_V and rho_V^2
    cosine: F64  # (1,): of the turn of the rest's direction in the last step
    since: F64  # (1,) or (0,): the cosine with its known direction; empty if none is known
    free: F64  # (1,): dimensions at right angles to the target and the rest


def make_collapsed_value(scalars: F64, constants: ProblemConstants) -> CollapsedValue:
    """Return a collapsed V whose direction is not known."""
    free = np.array([max(constants.D_V - (2.0 if constants.K_P > 0.0 else 1.0), 0.0)])
    return CollapsedValue(scalars, np.ones(1), np.empty(0), free)


@internal_jit
def step_collapsed_value(
    V: CollapsedValue, constants: ProblemConstants, factors: Factors, column: Int, at: Address
) -> None:
    """Step V; ``column`` is that of the random stream from which its rest turns."""
    step, seed, replica = at
    counter = counter_words(0, step, COLLAPSED_V, replica)
    before, target = (V.scalars[0], V.scalars[1]), (constants.K_P, constants.D_V)
    alpha, rest, cosine = step_component(before, target, factors, counter, split_seed(seed))
    V.scalars[0], V.scalars[1], V.cosine[0] = alpha, rest, cosine
    turn(V.cosine, V.since, V.free, column, at)
