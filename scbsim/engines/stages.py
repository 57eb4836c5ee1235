"""The stages of a run, with the numbers that follow from the spec and the task."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scbsim.engines.noise import NoiseLevels
from scbsim.spec import RunSpec
from scbsim.spec.rules import rule_record
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
    threshold : (N,) float64
        l1 threshold ``lam_k`` of each column.
    until_signal : float
        It ends when a signal reaches this; infinity for never.
    normalize_level : float or None
        Threshold of the normalisation at its end; None for no normalisation.
    """

    index: int
    rule: str
    steps: int
    rate_A: float
    rate_V: float
    threshold: NDArray[np.float64]
    until_signal: float
    normalize_level: float | None


def stages_of(spec: RunSpec, task: Task) -> tuple[Stage, ...]:
    """Return the stages of a run.

    Thresholds in sigmas are in units of the isotropic levels, whatever the noise model.
    """
    sigma = NoiseLevels.isotropic(spec, task).sigma_A
    stages = []
    for index, stage in enumerate(spec.stage):
        rule = spec.rule_of(index)
        if not rule_record(rule).thresholds:
            threshold = np.zeros(task.N)
        elif stage.threshold is not None:
            threshold = np.full(task.N, stage.threshold)
        elif stage.threshold_sigmas == "auto":
            threshold = one_activation_sigmas(task) * sigma
        else:
            threshold = float(stage.threshold_sigmas or 0.0) * sigma
        until = np.inf if stage.until_signal is None else stage.until_signal
        stages.append(
            Stage(
                index=index,
                rule=rule,
                steps=stage.steps,
                rate_A=stage.rate_A,
                rate_V=stage.rate_V,
                threshold=threshold,
                until_signal=until,
                normalize_level=stage.normalize_level,
            )
        )
    return tuple(stages)


def one_activation_sigmas(task: Task) -> float:
    """Return the threshold, in sigmas, with one expected activation per step.

    Each of the ``N (T - Q)`` entries off the support leaves zero with probability ``2 Phi(-x)``
    (`docs/model.md`, section 6).
    """
    from scipy.special import ndtri

    entries = task.N * (task.T - task.Q)
    return max(0.0, -float(ndtri(0.5 / entries))) if entries else 0.0
