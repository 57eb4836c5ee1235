"""The parameters of the steps of a call of a kernel."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from scbsim.engines.noise import NoiseLevels
from scbsim.engines.schedules import NO_TABLE
from scbsim.engines.stages import Stage
from scbsim.kernels.gaussian.schedule import BATCH, NOISE, RATE_A, RATE_V, THRESHOLD
from scbsim.kernels.gaussian.state import StepParams
from scbsim.rules.loading import kernel_rule

Array = NDArray[np.float64]


def step_params(
    stage: Stage,
    noise: NoiseLevels,
    matched: Array | None,
    powers_step: int,
    batch: float,
    span: tuple[int, int],
) -> StepParams:
    """Return the parameters of some steps of a stage.

    Parameters
    ----------
    stage : Stage
    noise : NoiseLevels
    matched : (N, 6) float64, optional
        Coefficients of matched levels.
    powers_step : int
        See `StepParams`.
    batch : float
        Samples of a step, if the stage has no schedule.
    span : (int, int)
        Steps of the stage taken before, and how many follow.
    """
    params = StepParams(
        rule=kernel_rule(stage.rule),
        rate_A=float(stage.rate_A),
        rate_V=float(stage.rate_V),
        sigma_A=noise.sigma_A,
        threshold=stage.threshold,
        sigma_V=float(noise.sigma_V),
        until_signal=float(stage.until_signal),
        matched=matched,
        powers_step=powers_step,
        batch=float(batch),
        schedule=NO_TABLE,
    )
    if stage.schedule is None:
        return params
    table = stage.schedule.table(span[0], max(1, span[1]))
    if stage.schedule.varies:
        return params._replace(schedule=table)
    return of_row(params, table[0])


def of_row(params: StepParams, row: Array) -> StepParams:
    """Return the parameters of one step, given its row of a schedule."""
    return params._replace(
        rate_A=float(row[RATE_A]),
        rate_V=float(row[RATE_V]),
        threshold_scale=float(row[THRESHOLD]),
        noise_scale=float(row[NOISE]),
        batch=float(row[BATCH]),
        schedule=NO_TABLE,
    )


def of_step(params: StepParams, taken: int) -> StepParams:
    """Return the parameters of one of the steps, as `kernels.gaussian.schedule.at_step` does."""
    return of_row(params, params.schedule[taken]) if len(params.schedule) else params
