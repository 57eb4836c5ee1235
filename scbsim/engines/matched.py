"""Noise levels that follow the state, and when they are renewed: `docs/model.md`, section 5b."""

from __future__ import annotations

from typing import Any

import numpy as np

from scbsim.engines.noise import MatchedNoise, NoiseLevels
from scbsim.kernels.gaussian.state import Attention, ProblemConstants, Value
from scbsim.kernels.matched.coefficients import COEFFICIENTS
from scbsim.kernels.matched.levels import Levels, set_levels
from scbsim.kernels.matched.moments import moments
from scbsim.kernels.matched.traces import make_traces
from scbsim.state import State


class MatchedLevels:
    """The levels in force under matched noise.

    They are part of a run's state: between two renewals nothing else tells what they are.

    Parameters
    ----------
    noise : MatchedNoise
    N : int
        Size of the vocabulary.
    shares : int
        Threads for the products of matrices; the bits are the same for any number.
    """

    def __init__(self, noise: MatchedNoise, N: int, shares: int) -> None:
        self.noise = noise
        self.levels = Levels(np.zeros((N, COEFFICIENTS)), np.zeros(N), np.zeros(1))
        self.powers = np.zeros((N, 2))
        self._traces = make_traces(shares, N)

    def due(self, step: int) -> bool:
        """Return whether they are to be renewed before the step after ``step`` steps."""
        return step % self.noise.every == 0

    def hold(self, step: int) -> int:
        """Return for how many steps they hold, after ``step`` steps."""
        return self.noise.every - step % self.noise.every

    def renew(self, A: Attention, V: Value, constants: ProblemConstants) -> None:
        """Make them those of a state, whose ``powers`` have been renewed."""
        of_V = moments(V, constants.mu, self._traces)
        batch = float(self.noise.batch_size)
        set_levels(
            A.support, A.weights, A.off_sums, self.powers, constants, of_V, batch, self.levels
        )

    def now(self) -> NoiseLevels:
        """Return what has a value for each column: the level of entries at zero."""
        return NoiseLevels(self.levels.of_zeros, float(self.levels.of_V[0]))

    def state(self) -> State:
        """Return the arrays that are the levels; views, not copies."""
        of_A, of_zeros, of_V = self.levels
        return {"noise_A": of_A, "noise_zero": of_zeros, "noise_V": of_V}


def levels_under(noise: Any, N: int, shares: int) -> MatchedLevels | None:
    """Return the levels that follow the state; None where the noise model's are constants."""
    return MatchedLevels(noise, N, shares) if isinstance(noise, MatchedNoise) else None
