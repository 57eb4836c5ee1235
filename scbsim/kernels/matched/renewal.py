"""The renewal of the levels of matched noise within a kernel, on one thread."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from scbsim.kernels.compile.jit import inline_jit, internal_jit
from scbsim.kernels.matched.covariances import write_covariances
from scbsim.kernels.matched.joint_state import JointNoise
from scbsim.kernels.matched.levels import Levels, write_levels
from scbsim.kernels.matched.moments import all_moments, moments_of
from scbsim.kernels.matched.products import Products, pair_sums, set_products_alone
from scbsim.kernels.types import F64, Int

if TYPE_CHECKING:
    from scbsim.kernels.gaussian.state import Model


class Renewal(NamedTuple):
    """When the levels are renewed, and what that needs."""

    every: int  # steps between renewals
    first: int  # the address in the random stream of the run's first step
    batch: float  # samples in a batch
    levels: Levels
    powers: F64  # (N, 2): sums of third and fourth powers off the support
    products: Products


@inline_jit
def is_due(renewal: Renewal, step: Int) -> bool:
    """Return whether a renewal is due before the step with this address in the random stream."""
    return (step - renewal.first) % renewal.every == 0


@internal_jit
def renew(model: Model, renewal: Renewal, joint: JointNoise | None) -> None:
    """Compute the levels of a state, and the covariances if noise is joint.

    ``renewal.powers`` must be up to date; the bulk of A is not read.
    """
    A, V, constants = model
    powers, batch, levels = renewal.powers, renewal.batch, renewal.levels
    set_products_alone(V, renewal.products)
    if joint is None:
        sums = pair_sums(renewal.products, constants.mu)
        of_V = moments_of(V, constants.mu, renewal.products.columns, sums.MM, sums.KM)
        write_levels(A, powers, constants, of_V, batch, levels)
    else:
        both = all_moments(V, constants.mu, renewal.products)
        write_levels(A, powers, constants, both[0], batch, levels)
        write_covariances(model, powers, both, batch, levels, renewal.products, joint)
