"""The costs of engines in time and memory, estimated from measured rates."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from scbsim.engines.activation_groups import activation_probability
from scbsim.engines.noise import NoiseLevels
from scbsim.engines.stages import Stage
from scbsim.spec.rules import rule_record
from scbsim.task import Task
from scbsim.util.memory import require

# Seconds, measured on the machine in docs/performance.md. Only their ratios matter.
DENSE_ENTRY = 5e-10
COLLAPSED_STEP = 1.2e-7
_DOUBLE = 2.5
_VALUE = 2.6e-9
_VALUE_ROW = 7e-7
_SPARSE_STEP = 1e-6
_ACTIVATION = 2e-8
_ACTIVE = 5e-9
_SEARCH = 3.5e-9
_COLUMN = 8e-9
_SUPPORT = 3e-9
_BATCH_TOKEN = 1e-9
_BATCH_PAIR = 4e-10
_BATCH_SAMPLE = 1e-7
_SAMPLED = 1.8e-7
_OFF_SUPPORT = 3e-8
_WHOLE_VALUE = 5e-9
_APPROXIMATE_STEP = 2e-7
_SAMPLED_PAIR = 4.4e-10
_FAR_ENTRY = 4.5e-9
_FAR_COLUMN = 6e-9

_NEAR = 2**16
"""Columns, or activations in a step, up to which their arrays stay in a cache of some megabytes."""

_FEW = 32
"""Active entries of a column up to which it costs nothing to look for one."""

ACTIVE_BYTES = 32  # per entry, in both lists together
ACTIVATION_BYTES = 48

_STEPS_TO_SIGNAL = 1000
"""Assumed length of a stage that a signal ends; its number of steps is only an upper limit."""

_SCRATCH_BYTES = 100_000
_EMPTY_LISTS_BYTES = 160_000


def dense_seconds(task: Task, dtype: np.dtype, *, value: bool) -> float:
    """Return the seconds of a dense step on one thread; ``value``: V is a matrix."""
    entry = DENSE_ENTRY * (_DOUBLE if dtype == np.float64 else 1.0)
    return entry * task.N * task.T + _value_seconds(task.N, value)


def dense_bytes(task: Task, dtype: np.dtype, *, value: bool) -> int:
    """Return the bytes of the dense engine's matrices: A, V, and the target of V."""
    return task.N * task.T * int(dtype.itemsize) + 2 * value_bytes(task.N, value)


def value_bytes(N: int, value: bool) -> int:
    """Return the bytes of V as a matrix, or of its target; 0 if V is stored by its scalars."""
    return 8 * N * N if value else 0


def _value_seconds(N: int, value: bool) -> float:
    return N * (_VALUE_ROW + N * _VALUE) if value else 0.0


def expected_activations(
    stage: Stage, noise: NoiseLevels, T: int, ratio: float | None = None
) -> float:
    """Return the expected activations in a step of a stage, if all entries are at zero.

    With a schedule it is the mean over the steps, or that of steps whose thresholds are ``ratio``
    times the stage's, beside the noise.
    """
    if not rule_record(stage.rule).keeps_zeros or stage.rate_A == 0:
        return 0.0
    ratios = [ratio] if ratio is not None else _ratios(stage)
    found = [activation_probability(r * stage.threshold, noise.sigma_A).sum() for r in ratios]
    return float(T * sum(found) / len(found))


def _ratios(stage: Stage) -> list[float]:
    """Return thresholds of some steps, beside the noise, in units of the stage's."""
    return [1.0] if stage.schedule is None else [float(r) for r in stage.schedule.ratios]


def active_entries(stages: Sequence[Stage], noise: NoiseLevels, task: Task) -> tuple[float, float]:
    """Return the expected number of active entries: on average over the run, and at most.

    Under ``denoise`` no entry returns to zero. Under ``prox`` most return in the next step. With a
    lower threshold in sigmas fewer do.
    """
    active = most = weighted = 0.0
    entries = task.N * task.T
    for stage in stages:
        activations = expected_activations(stage, noise, task.T)
        if not rule_record(stage.rule).returns_to_zero:
            end = min(active + activations * _steps(stage), entries)
            mean, active = 0.5 * (active + end), end
            largest = end
        else:
            mean = active = _equilibrium(activations / entries, entries)
            at_most = expected_activations(stage, noise, task.T, min(_ratios(stage)))
            largest = _equilibrium(at_most / entries, entries)
        weighted += mean * _steps(stage)
        most = max(most, largest)
    return weighted / sum(map(_steps, stages)), most


def _equilibrium(p: float, entries: int) -> float:
    """Return the active entries if as many leave zero in a step, with probability p, as return."""
    return float(entries * p / (p + (1.0 - p) * (1.0 - 0.5 * p**0.5)))


def _steps(stage: Stage) -> int:
    return stage.steps if np.isinf(stage.until_signal) else min(stage.steps, _STEPS_TO_SIGNAL)


def sparse_seconds(
    stages: Sequence[Stage], noise: NoiseLevels, task: Task, *, value: bool = False
) -> float:
    """Return the seconds of a step of the sparse engine, on average over the stages."""
    activations = sum(_steps(s) * expected_activations(s, noise, task.T) for s in stages)
    activations /= sum(map(_steps, stages))
    active, _ = active_entries(stages, noise, task)
    column = _COLUMN + _SUPPORT * task.Q + (_FAR_COLUMN if task.N > _NEAR else 0.0)
    # Each activation is looked for among the active entries of its column.
    halvings = max(0.0, float(np.log2(max(active, 1.0) / (_FEW * task.N))))
    entry = _ACTIVATION + _SEARCH * halvings + (_FAR_ENTRY if activations > _NEAR else 0.0)
    columns = task.N * column + _value_seconds(task.N, value)
    return float(_SPARSE_STEP + entry * activations + _ACTIVE * active + columns)


def sparse_room(stages: Sequence[Stage], noise: NoiseLevels, task: Task) -> tuple[float, float]:
    """Return how many active entries, and activations in a step, the sparse engine must hold."""
    each = (expected_activations(s, noise, task.T, min(_ratios(s))) for s in stages)
    activations = max(each)
    return active_entries(stages, noise, task)[1] + activations, activations


def sparse_bytes(stages: Sequence[Stage], noise: NoiseLevels, task: Task) -> float:
    """Return the bytes of the sparse engine's lists at their largest."""
    active, activations = sparse_room(stages, noise, task)
    return ACTIVE_BYTES * active + ACTIVATION_BYTES * activations


def engine_bytes(task: Task, *, lists: bool) -> int:
    """Return the bytes of an engine without its entries and V: support, sums and scratch.

    With ``lists``, also those of empty lists of active entries.
    """
    own = _SCRATCH_BYTES + 8 * task.N * (4 * task.Q + 14)
    return own + (_EMPTY_LISTS_BYTES + 8 * 4 * task.N if lists else 0)


def batch_seconds(task: Task, batch_size: float) -> float:
    """Return the seconds of a step on a real batch, on one thread."""
    sample = _BATCH_TOKEN * task.T + _BATCH_PAIR * task.N**2 + _BATCH_SAMPLE
    return float(batch_size * sample)


def sampled_seconds(task: Task, batch_size: float) -> float:
    """Return about how long a step on sampled gradients takes on one thread."""
    return float(batch_size * (_SAMPLED_PAIR * task.N**2 + _SAMPLED)) + _value_seconds(task.N, True)


def columns_seconds(task: Task) -> float:
    """Return about how long a step on Q + 2 numbers a column takes."""
    return float(task.N * (_OFF_SUPPORT + task.Q * _SUPPORT + task.N * _WHOLE_VALUE))


def approximate_seconds(task: Task) -> float:
    """Return about how long a step on Q + 2 numbers a column and two of V takes."""
    return float(_APPROXIMATE_STEP + task.N * (_OFF_SUPPORT + task.Q * _SUPPORT))


def require_room(active: float, activations: float) -> None:
    """Refuse active entries, and activations in a step, that do not fit into memory.

    Raises
    ------
    MemoryNeeded
    """
    require(
        int(ACTIVE_BYTES * active + ACTIVATION_BYTES * activations),
        f"the sparse engine with {active:.3g} entries of A off zero",
        "take a higher threshold, under which fewer leave zero, or fewer steps of the rule "
        '"denoise", under which none returns; where N T is no more than that, '
        'dynamics.engine = "dense"',
    )
