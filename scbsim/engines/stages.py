"""The stages of a run, with the numbers that follow from the spec and the task."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scbsim.engines.noise import NoiseLevels
from scbsim.engines.schedules import Quantity, StepSchedule, schedule_of_stage
from scbsim.kernels.gaussian.schedule import NOISE, RATE_A
from scbsim.spec import RunSpec
from scbsim.spec.rules import rule_record
from scbsim.spec.stage_table import StageSpec
from scbsim.task import Task


@dataclass(frozen=True)
class Stage:
    """One stage.

    Attributes
    ----------
    index : int
        From 0.
    rule : str
        See `scbsim.spec.rules`.
    steps : int
        Its largest number of steps.
    rate_A, rate_V : float
        With a schedule the largest.
    threshold : (N,) float64
        l1 threshold ``lam_k`` of each column, or what a schedule multiplies.
    until_signal : float
        It ends when a signal reaches this; infinity for never.
    normalize_level : float or None
        Threshold of the normalisation at its end; None for no normalisation.
    schedule : StepSchedule or None
        What differs from step to step, or from other stages; None if nothing does.
    """

    index: int
    rule: str
    steps: int
    rate_A: float
    rate_V: float
    threshold: NDArray[np.float64]
    until_signal: float
    normalize_level: float | None
    schedule: StepSchedule | None = None

    def rate_A_at(self, step: int) -> float:
        """Return the step size of A after ``step`` steps of the stage."""
        if self.schedule is None:
            return self.rate_A
        return float(self.schedule.table(step, 1)[0, RATE_A])

    def noise_at(self, step: int) -> float:
        """Return what levels of noise are multiplied by after ``step`` steps of the stage."""
        return 1.0 if self.schedule is None else float(self.schedule.table(step, 1)[0, NOISE])


def stages_of(spec: RunSpec, task: Task) -> tuple[Stage, ...]:
    """Return the stages of a run.

    Thresholds in sigmas are in units of the isotropic levels, whatever the noise model.
    """
    stages = []
    for index, stage in enumerate(spec.stage):
        rule = spec.rule_of(index)
        threshold, factor, in_sigmas = _thresholds(spec, stage, rule, task)
        until = np.inf if stage.until_signal is None else stage.until_signal
        rates = (Quantity.of(each, stage.steps) for each in (stage.rate_A, stage.rate_V))
        rate_A, rate_V = (each.extremes()[2] for each in rates)
        stages.append(
            Stage(
                index=index,
                rule=rule,
                steps=stage.steps,
                rate_A=rate_A,
                rate_V=rate_V,
                threshold=threshold,
                until_signal=until,
                normalize_level=stage.normalize_level,
                schedule=schedule_of_stage(
                    stage, spec.dynamics.batch_size, factor, in_sigmas=in_sigmas
                ),
            )
        )
    return tuple(stages)


def _thresholds(
    spec: RunSpec, stage: StageSpec, rule: str, task: Task
) -> tuple[NDArray[np.float64], float | str | None, bool]:
    """Return thresholds, what a schedule multiplies them by, and whether they follow the noise."""
    if not rule_record(rule).thresholds:
        return np.zeros(task.N), None, False
    in_sigmas = stage.threshold is None
    sigma = NoiseLevels.isotropic(spec, task).sigma_A if in_sigmas else np.ones(task.N)
    if in_sigmas and stage.threshold_sigmas == "auto":
        return one_activation_sigmas(task) * sigma, 1.0, True
    given = stage.threshold_sigmas if in_sigmas else stage.threshold
    value = Quantity.of(0.0 if given is None else given, stage.steps).value
    return (sigma, value, in_sigmas) if isinstance(value, str) else (value * sigma, 1.0, in_sigmas)


def one_activation_sigmas(task: Task) -> float:
    """Return the threshold, in sigmas, with one expected activation per step.

    Each of the ``N (T - Q)`` entries off the support leaves zero with probability ``2 Phi(-x)``
    (`docs/model.md`, section 6).
    """
    from scipy.special import ndtri

    entries = task.N * (task.T - task.Q)
    return max(0.0, -float(ndtri(0.5 / entries))) if entries else 0.0
