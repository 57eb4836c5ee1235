"""Noise levels that follow the state, and when they are updated: `docs/model.md`, section 5b."""

from __future__ import annotations

import numpy as np

from scbsim.engines.noise import MatchedNoise, NoiseLevels
from scbsim.kernels.gaussian.state import Attention, ProblemConstants, Value, without_bulk
from scbsim.kernels.matched.coefficients import COEFFICIENTS
from scbsim.kernels.matched.levels import Levels, set_levels
from scbsim.kernels.matched.moments import moments
from scbsim.kernels.matched.traces import make_traces
from scbsim.state import State


class MatchedLevels:
    """The current levels under matched noise.

    They are part of a run's state, because between two updates they do not follow from A and V.

    Parameters
    ----------
    noise : MatchedNoise
    N : int
        Size of the vocabulary.
    shares : int
        Threads for matrix products; the bits do not depend on it.
    """

    def __init__(self, noise: MatchedNoise, N: int, shares: int) -> None:
        self.noise = noise
        self.levels = Levels(np.zeros((N, COEFFICIENTS)), np.zeros(N), np.zeros(1))
        self.powers = np.zeros((N, 2))
        self._traces = make_traces(shares, N)

    def due(self, step: int) -> bool:
        """Return whether an update is due after ``step`` steps."""
        return step % self.noise.every == 0

    def hold(self, step: int) -> int:
        """Return the number of steps until the next update, after ``step`` steps."""
        return self.noise.every - step % self.noise.every

    def update(self, A: Attention, V: Value, constants: ProblemConstants) -> None:
        """Compute the levels of a state; ``powers`` must be up to date."""
        of_V = moments(V, constants.mu, self._traces)
        batch = float(self.noise.batch_size)
        set_levels(without_bulk(A), self.powers, constants, of_V, batch, self.levels)

    def now(self) -> NoiseLevels:
        """Return one level for each column, that of entries at zero, and the level of V."""
        return NoiseLevels(self.levels.of_zeros, float(self.levels.of_V[0]))

    def state(self) -> State:
        """Return the arrays that are the levels; views, not copies."""
        of_A, of_zeros, of_V = self.levels
        return {"noise_A": of_A, "noise_zero": of_zeros, "noise_V": of_V}
