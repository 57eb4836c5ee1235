"""Noise levels that follow the state, and when they are updated: `docs/model.md`, section 5b."""

from __future__ import annotations

import numpy as np

from scbsim.engines.noise import MatchedNoise, NoiseLevels
from scbsim.kernels.gaussian.state import Attention, ProblemConstants, Value, without_bulk
from scbsim.kernels.matched.coefficients import COEFFICIENTS
from scbsim.kernels.matched.covariances import Covariances, set_covariances
from scbsim.kernels.matched.joint_noise import JointNoise, make_joint_noise
from scbsim.kernels.matched.levels import Levels, set_levels
from scbsim.kernels.matched.moments import joint_moments, moments
from scbsim.kernels.matched.products import make_products, square_of_target
from scbsim.kernels.matched.traces import make_traces
from scbsim.kernels.matched.value_noise import ValueNoise, make_value_noise
from scbsim.kernels.matched.value_shape import Shape
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

    Attributes
    ----------
    joint : JointNoise or None
    of_V : ValueNoise or None
        What a step draws if the noise has covariances.
    """

    def __init__(self, noise: MatchedNoise, task: Task, blocks: int, shares: int) -> None:
        N, Q = task.N, task.Q
        self.noise = noise
        self.levels = Levels(np.zeros((N, COEFFICIENTS)), np.zeros(N), np.zeros(1))
        self.powers = np.zeros((N, 2))
        self._traces = make_traces(shares, N)
        self._shares = shares
        self.joint: JointNoise | None = None
        self.of_V: ValueNoise | None = None
        if noise.covariances:
            assert task.P is not None
            self._covariances = Covariances(np.zeros((N, Q + 2, Q + 3)), np.zeros(N))
            self._products = make_products(N)
            square_of_target(task.P_tilde, self._products)
            self._shape = Shape(np.zeros_like(self._products.M), np.zeros(5))
            self.of_V = make_value_noise(self._shape, task.P)
            self.joint = make_joint_noise(self._covariances, self.of_V, blocks)

    def due(self, step: int) -> bool:
        """Return whether an update is due after ``step`` steps."""
        return step % self.noise.every == 0

    def hold(self, step: int) -> int:
        """Return the number of steps until the next update, after ``step`` steps."""
        return self.noise.every - step % self.noise.every

    def update(self, A: Attention, V: Value, constants: ProblemConstants) -> None:
        """Compute the levels of a state; ``powers`` must be up to date."""
        A, batch = without_bulk(A), float(self.noise.batch_size)
        if self.joint is None:
            of_V = moments(V, constants.mu, self._traces)
            set_levels(A, self.powers, constants, of_V, batch, self.levels)
            return
        both = joint_moments(V, constants.mu, self._traces.columns, self._shares, self._products)
        set_levels(A, self.powers, constants, both[0], batch, self.levels)
        of_state = (A, self.powers, constants, V.scalars, both, batch, self.levels)
        set_covariances(*of_state, self._covariances, self._products, self._shape)

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
                "noise_shape": self._shape.factor,
                "noise_mix": self._shape.mix,
            }
        return state
