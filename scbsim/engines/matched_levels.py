"""Noise levels that follow the state, and when they are updated: `docs/model.md`, section 5b."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from scbsim.engines.noise import MatchedNoise, NoiseLevels
from scbsim.kernels.gaussian.dense_matched import Updates
from scbsim.kernels.gaussian.state import Model, without_bulk
from scbsim.kernels.matched.coefficients import COEFFICIENTS
from scbsim.kernels.matched.covariances import set_covariances
from scbsim.kernels.matched.joint_state import JointNoise, make_joint_noise
from scbsim.kernels.matched.levels import Levels, set_levels
from scbsim.kernels.matched.moments import moments
from scbsim.kernels.matched.products import Products, make_products, square_of_target
from scbsim.kernels.matched.renewal import Renewal
from scbsim.kernels.matched.traces import make_traces
from scbsim.state import State
from scbsim.task import Task


class MatchedLevels:
    """The current levels under matched noise.

    They are part of a run's state, because between two updates they do not follow from A and V.

    Parameters
    ----------
    noise : MatchedNoise
    task : Task
    blocks : int
        Blocks of a column of the bulk.
    shares : int
        Threads for matrix products; the bits do not depend on it.
    matrix_V : bool
        Whether V is stored as a matrix. If not, :meth:`update` cannot be called.

    Attributes
    ----------
    joint : JointNoise or None
        The covariances, and what a step draws; None if the noise has none.
    """

    def __init__(
        self, noise: MatchedNoise, task: Task, blocks: int, shares: int, *, matrix_V: bool = True
    ) -> None:
        N, rows = task.N, task.N if matrix_V else 0
        self.noise = noise
        self.levels = Levels(np.zeros((N, COEFFICIENTS)), np.zeros(N), np.zeros(1))
        self.powers = np.zeros((N, 2))
        self._shares = shares
        self.joint: JointNoise | None = None
        self._products: Products | None = None
        if not noise.covariances:
            self._traces = make_traces(shares, rows)
        else:
            assert task.P is not None
            P = task.P if matrix_V else task.P[:0, :0]
            self.joint = make_joint_noise(P, N, task.Q, blocks)
            if matrix_V:
                self._products = make_products(N)
                square_of_target(task.P_tilde, self._products)

    def renewal(self, target: NDArray[np.float64], first: int) -> Renewal:
        """Return what a kernel needs that renews the levels itself, on one thread.

        Parameters
        ----------
        target : (N, N) float64
            That of V.
        first : int
            The address in the random stream of the run's first step.
        """
        products = self._products
        if products is None:
            products = make_products(len(target))
            square_of_target(target, products)
        every, batch = self.noise.every, float(self.noise.batch_size)
        return Renewal(every, first, batch, self.levels, self.powers, products)

    def updates(self, model: Model, first: int, powers_at: int) -> Updates:
        """Return what `advance_matched` needs, of which the arguments are in :class:`Updates`."""
        sums = self._traces if self._products is None else self._products
        every, batch = self.noise.every, float(self.noise.batch_size)
        plain = Model(without_bulk(model.A), model.V, model.constants)
        return Updates(every, first, powers_at, batch, self.levels, self.powers, sums, plain)

    def due(self, step: int) -> bool:
        """Return whether an update is due after ``step`` steps."""
        return step % self.noise.every == 0

    def hold(self, step: int) -> int:
        """Return the number of steps until the next update, after ``step`` steps."""
        return self.noise.every - step % self.noise.every

    def update(self, model: Model) -> None:
        """Compute the levels of a state; ``powers`` must be up to date."""
        A, V, constants = without_bulk(model.A), model.V, model.constants
        batch = float(self.noise.batch_size)
        if self.joint is None:
            of_V = moments(V, constants.mu, self._traces)
            set_levels(A, self.powers, constants, of_V, batch, self.levels)
            return
        assert self._products is not None
        state = (Model(A, V, constants), self.powers, batch, self._shares)
        set_covariances(*state, self.levels, self._products, self.joint)

    def now(self) -> NoiseLevels:
        """Return one level for each column, that of entries at zero, and the level of V."""
        return NoiseLevels(self.levels.of_zeros, float(self.levels.of_V[0]))

    def state(self) -> State:
        """Return the arrays that are the levels; views, not copies."""
        of_A, of_zeros, of_V = self.levels
        state: State = {"noise_A": of_A, "noise_zero": of_zeros, "noise_V": of_V}
        if self.joint is not None:
            state |= {
                "noise_joint": self.joint.factors,
                "noise_along": self.joint.level,
                "noise_shape": self.joint.shape[: len(of_A)],
                "noise_mix": self.joint.mix,
            }
        return state
