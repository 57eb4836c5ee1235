"""Noise models: the levels of the noise of a gradient (`docs/model.md`, section 5)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from scbsim.spec import RunSpec
from scbsim.task import Task


@dataclass(frozen=True)
class NoiseLevels:
    """Standard deviations of the Gaussian noise on a batch's gradient.

    Attributes
    ----------
    sigma_A : (N,) float64
        Of each entry of column k of A. A fraction ``mu_k`` of the batch has query k, and the
        preconditioner divides by ``mu_k``, so isotropic levels are proportional to 1/sqrt(mu_k).
    sigma_V : float
        Of each coordinate of ``W``, before projection.
    """

    sigma_A: NDArray[np.float64]
    sigma_V: float

    @classmethod
    def isotropic(cls, spec: RunSpec, task: Task) -> NoiseLevels:
        """Return the isotropic levels, ``sigma_A / sqrt(B mu_k)`` and ``sigma_V / sqrt(B)``."""
        batch = spec.dynamics.batch_size
        return cls(spec.noise.sigma_A / np.sqrt(batch * task.mu), spec.noise.sigma_V / batch**0.5)

    @classmethod
    def none(cls, task: Task) -> NoiseLevels:
        """Return no noise at all."""
        return cls(np.zeros(task.N), 0.0)

    @classmethod
    def from_spec(cls, spec: RunSpec, task: Task) -> NoiseLevels:
        """Return the levels of the spec's noise model; for matched noise an estimate.

        The estimate is the level with V at the truth and A at 0, about the largest during a run. It
        is only used to estimate costs.
        """
        if spec.noise.model == "none":
            return cls.none(task)
        if spec.noise.model in ("matched", "sampled"):
            most = np.sqrt(_trace_of_outputs(task) / spec.dynamics.batch_size)
            return cls(most / np.sqrt(task.mu), 0.0)
        return cls.isotropic(spec, task)


@dataclass(frozen=True)
class MatchedNoise:
    """Levels that follow the gradient's own variances (`docs/model.md`, section 5b).

    Attributes
    ----------
    batch_size : int
        Variances are divided by it.
    every : int
        Steps between updates of the levels.
    covariances : bool
        Whether the noise has the covariances of the gradient; if not, entries are independent.
    """

    batch_size: int
    every: int
    covariances: bool = False


Noise: TypeAlias = NoiseLevels | MatchedNoise
"""The noise of an engine."""


def noise_of(spec: RunSpec, task: Task) -> Noise:
    """Return the noise of a spec."""
    if spec.noise.model in ("matched", "sampled"):
        # Of sampled noise there are no levels, and so no covariances of them.
        covariances = spec.noise.model == "matched" and spec.noise.covariances
        return MatchedNoise(spec.dynamics.batch_size, spec.noise.every, covariances)
    return NoiseLevels.from_spec(spec, task)


def _trace_of_outputs(task: Task) -> float:
    """Return ``tr CM`` with V at the truth, or its bound if P is unknown."""
    if task.P is None:
        return task.K_P
    P_tilde = task.P_tilde
    spread = P_tilde - task.mu @ P_tilde
    return float((task.mu @ np.square(spread)).sum())
