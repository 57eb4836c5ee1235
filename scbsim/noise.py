"""Noise models: how large the noise of a gradient is (`docs/model.md`, section 5)."""

from __future__ import annotations

from dataclasses import dataclass

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
        Of each entry of column k of A: a fraction ``mu_k`` of the batch sees query k, and the
        preconditioner divides by ``mu_k``.
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
        """Return the levels of the spec's noise model."""
        if spec.noise.model == "none":
            return cls.none(task)
        return cls.isotropic(spec, task)
