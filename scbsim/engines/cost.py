"""What a step would cost: a model good enough to choose by, from measured rates."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from scbsim.engines.sparse import LIVE_BYTES, NEWBORN_BYTES, expected_births
from scbsim.noise import NoiseLevels
from scbsim.stages import Stage
from scbsim.task import Task

DENSE_BYTES = 4

# Seconds, measured where docs/performance.md says; that ratios hold elsewhere is all that counts.
DENSE_ENTRY = 5e-10
COLLAPSED_STEP = 1.2e-7
_DOUBLE = 2.5
_BIRTH = 2e-8
_LIVE = 5e-9
_COLUMN = 8e-9
_SUPPORT = 3e-9
_BATCH_TOKEN = 1e-9
_BATCH_PAIR = 4e-10
_BATCH_SAMPLE = 1e-7


def dense_seconds(stages: Sequence[Stage], task: Task, threads: int, dtype: np.dtype) -> float:
    """Return what a step of the dense engine takes off the support."""
    entry = DENSE_ENTRY * (_DOUBLE if dtype == np.float64 else 1.0)
    return entry * task.N * task.T / threads


def live_entries(stages: Sequence[Stage], noise: NoiseLevels, task: Task) -> tuple[float, float]:
    """Return how many entries are expected off zero: on average, and at the most.

    Under ``denoise`` none returns; under ``prox`` most do in the next step, and fewer so under a
    threshold of few sigmas.
    """
    live = most = weighted = 0.0
    entries, steps = task.N * task.T, sum(stage.steps for stage in stages)
    for stage in stages:
        births = expected_births(stage, noise, task.T)
        if stage.rule == "denoise":
            end = min(live + births * stage.steps, entries)
            mean, live = 0.5 * (live + end), end
        else:
            p = births / entries
            # The chance of zero to be left, against that of returning to it in a step.
            mean = live = entries * p / (p + (1.0 - p) * (1.0 - 0.5 * p**0.5))
        weighted += mean * stage.steps
        most = max(most, live)
    return weighted / steps, most


def sparse_seconds(stages: Sequence[Stage], noise: NoiseLevels, task: Task) -> float:
    """Return what a step of the sparse engine takes, on average over the stages."""
    births = sum(s.steps * expected_births(s, noise, task.T) for s in stages)
    births /= sum(stage.steps for stage in stages)
    live, _ = live_entries(stages, noise, task)
    return _BIRTH * births + _LIVE * live + task.N * (_COLUMN + _SUPPORT * task.Q)


def sparse_room(stages: Sequence[Stage], noise: NoiseLevels, task: Task) -> tuple[float, float]:
    """Return for how many live entries, and births in a step, the sparse engine needs room."""
    births = max(expected_births(stage, noise, task.T) for stage in stages)
    return live_entries(stages, noise, task)[1] + births, births


def sparse_bytes(stages: Sequence[Stage], noise: NoiseLevels, task: Task) -> float:
    """Return the memory that the sparse engine comes to need."""
    live, births = sparse_room(stages, noise, task)
    return LIVE_BYTES * live + NEWBORN_BYTES * births


def batch_seconds(task: Task, batch_size: int) -> float:
    """Return about how long a step on a real batch takes on one thread."""
    sample = _BATCH_TOKEN * task.T + _BATCH_PAIR * task.N**2 + _BATCH_SAMPLE
    return float(batch_size * sample)
