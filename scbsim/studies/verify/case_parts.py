"""What cases of the verification are made of: levels, stages and their defaults."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from scbsim.engines.noise import NoiseLevels
from scbsim.engines.schedules import Quantity, StepSchedule
from scbsim.engines.stages import Stage
from scbsim.studies.verify.case import COLLAPSED, SCALARS_OF_V, SPARSE, Case
from scbsim.task import Task

SIGMA_A, SIGMA_V = 0.05, 0.03
RATE_A, RATE_V = 0.2, 0.15
ZERO = {"alpha_A": 0.0, "alpha_V": 0.0}

OF_SGD = (COLLAPSED, SCALARS_OF_V)
OF_L1 = (SPARSE,)


def levels(task: Task, sigma_A: float = SIGMA_A, sigma_V: float = SIGMA_V) -> NoiseLevels:
    """Return isotropic levels: ``sigma_k`` is proportional to ``mu_k^(-1/2)``."""
    return NoiseLevels(sigma_A / np.sqrt(task.mu), sigma_V)


def stage(rule: str, threshold: ArrayLike, rate_A: float = RATE_A, rate_V: float = RATE_V) -> Stage:
    """Return a stage with l1 thresholds, (N,)."""
    return Stage(0, rule, 20, rate_A, rate_V, np.asarray(threshold, np.float64), np.inf, None)


def scheduled(
    rule: str, threshold: ArrayLike, sigmas: str | float = 1.0, *, base: int = 40
) -> Stage:
    """Return a stage whose steps all differ; ``sigmas`` is what multiplies the thresholds.

    In the fourth step A does not move.
    """
    before = stage(rule, threshold)
    texts = (f"{RATE_A}*abs(t - 3)/2", f"linear({RATE_V}, 0.05)", sigmas, f"{base}*(1 + t)/2")
    rate_A, rate_V, factor, batch = (Quantity.of(text, before.steps) for text in texts)
    schedule = StepSchedule(before.steps, rate_A, rate_V, factor, batch, base, rule == "prox")
    return replace(before, schedule=schedule)


def case_of(name: str, task: Task, rule: str = "sgd", sigmas: float = 0.0, **fields: Any) -> Case:
    """Return a case whose thresholds are ``sigmas`` isotropic levels, unless it has a stage."""
    default: dict[str, Any] = {
        "noise": levels(task),
        "stage": stage(rule, sigmas * levels(task).sigma_A),
        "contenders": OF_SGD if rule == "sgd" else OF_L1,
    }
    return Case(f"{rule}, {name}", task, **(default | fields))


def ladder(task: Task) -> NoiseLevels:
    """Return levels that increase from column to column, from no noise in the first."""
    return NoiseLevels(np.asarray(SIGMA_A * 3.0 * np.arange(task.N), np.float64), SIGMA_V)
