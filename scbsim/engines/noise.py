"""Noise models: the levels of the noise of a gradient (`docs/model.md`, section 5)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from scbsim.errors import InputError
from scbsim.spec import RunSpec
from scbsim.spec.noise_models import NOISE_MODELS
from scbsim.task import Task
from scbsim.util.imported import imported
from scbsim.util.text import show


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
        """Return the levels of the spec's noise model; where they follow the state an estimate.

        Raises
        ------
        InputError
            If a model of the user's gives levels that are not valid.
        """
        levels = imported(NOISE_MODELS[spec.noise.model].levels)(spec, task)
        faults = _faults(levels, task.N)
        if faults:
            raise InputError(f"noise.model = {show(spec.noise.model)}: {faults}")
        return cls(np.ascontiguousarray(levels.sigma_A, np.float64), float(levels.sigma_V))


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


@dataclass(frozen=True)
class SampledNoise:
    """The noise of samples that are drawn, without their tokens off the support.

    `docs/model.md`, section 8.

    Attributes
    ----------
    batch_size : int
        Samples of a step, if a stage has no batch size of its own.
    """

    batch_size: int


Noise: TypeAlias = NoiseLevels | MatchedNoise | SampledNoise
"""The noise of an engine."""


def noise_of(spec: RunSpec, task: Task) -> Noise:
    """Return the noise of a spec."""
    model = NOISE_MODELS[spec.noise.model]
    if model.samples:
        return SampledNoise(spec.dynamics.batch_size)
    if model.follows_state:
        return MatchedNoise(spec.dynamics.batch_size, spec.noise.every, spec.noise.covariances)
    return NoiseLevels.from_spec(spec, task)


def isotropic_levels(spec: RunSpec, task: Task) -> NoiseLevels:
    """Return the isotropic levels of a spec."""
    return NoiseLevels.isotropic(spec, task)


def no_levels(spec: RunSpec, task: Task) -> NoiseLevels:
    """Return levels of zero."""
    return NoiseLevels.none(task)


def largest_levels(spec: RunSpec, task: Task) -> NoiseLevels:
    """Return an estimate of levels that follow the state, with which costs are computed.

    It is the level with V at the truth and A at 0, about the largest during a run.
    """
    most = np.sqrt(_trace_of_outputs(task) / spec.dynamics.batch_size)
    return NoiseLevels(most / np.sqrt(task.mu), 0.0)


def _faults(levels: object, N: int) -> str:
    """Return what is wrong with levels, or an empty string."""
    if not isinstance(levels, NoiseLevels):
        return f"its function returned {show(levels)}, and not NoiseLevels"
    sigma = np.asarray(levels.sigma_A)
    if sigma.shape != (N,) or sigma.dtype.kind != "f":
        return f"sigma_A has shape {sigma.shape} and type {sigma.dtype}; it needs N = {N} floats"
    if not (np.isfinite(sigma).all() and (sigma >= 0).all() and 0 <= levels.sigma_V < np.inf):
        return "levels must be finite, 0 or more"
    return ""


def _trace_of_outputs(task: Task) -> float:
    """Return ``tr CM`` with V at the truth, or its bound if P is unknown."""
    if task.P is None:
        return task.K_P
    P_tilde = task.P_tilde
    spread = P_tilde - task.mu @ P_tilde
    return float((task.mu @ np.square(spread)).sum())
