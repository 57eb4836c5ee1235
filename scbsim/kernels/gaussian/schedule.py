"""The parameters of a step that a schedule changes (docs/schedules.md)."""

from __future__ import annotations

from scbsim.kernels.compile.jit import inline_jit, inner_inline
from scbsim.kernels.gaussian.state import StepParams
from scbsim.kernels.types import Int

RATE_A, RATE_V, THRESHOLD, NOISE, BATCH, RATIO = range(6)
"""Columns of a schedule, (steps, 6): both rates; what thresholds and noise levels are multiplied
by; the batch size; and the ratio of thresholds to levels that activations are drawn at, which is at
most that of the step."""

COLUMNS = 6


@inner_inline
def at_step(params: StepParams, taken: Int) -> StepParams:
    """Return the parameters of a step of a call, ``taken`` steps after its first.

    For functions of `internal_jit` only: in others it would count references to arrays.
    """
    table = params.schedule
    some = table.shape[0] > 0
    return StepParams(
        params.rule,
        table[taken, RATE_A] if some else params.rate_A,
        table[taken, RATE_V] if some else params.rate_V,
        params.sigma_A,
        params.threshold,
        params.sigma_V,
        params.until_signal,
        params.matched,
        params.powers_step,
        table[taken, THRESHOLD] if some else params.threshold_scale,
        table[taken, NOISE] if some else params.noise_scale,
        table[taken, BATCH] if some else params.batch,
        table,
    )


@inline_jit
def batch_at(params: StepParams, taken: Int) -> float:
    """Return the batch size of a step of a call."""
    return params.schedule[taken, BATCH] if params.schedule.shape[0] > 0 else params.batch
