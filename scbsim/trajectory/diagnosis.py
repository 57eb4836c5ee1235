"""Diagnosis of a complete run that learned nothing: an l1 threshold above its signal.

Under `prox`, an entry of A whose mean gradient is below the threshold shrinks to zero and stays
there. Under `denoise` it does not move. The run completes all the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from scbsim.engines.plan import RunPlan
from scbsim.engines.stages import Stage
from scbsim.spec import RunSpec
from scbsim.spec.rules import rule_record
from scbsim.util.text import counted

_GONE = 1e-3
"""A signal below this fraction of its largest value counts as lost; noise leaves some of it."""

_CHUNK = 2**16
"""Values of a column in memory at once."""


class _Trace(NamedTuple):
    """The signal of A in each replica, (R,)."""

    rows: NDArray[np.int64]  # number of rows
    peak: NDArray[np.float64]  # largest absolute value; not finite if any value is not
    large: NDArray[np.int64]  # last row that is not small beside the peak
    moved: NDArray[np.bool_]  # whether it ever changed


def diagnosis(plan: RunPlan, columns: Mapping[str, Any], rows: int) -> str:
    """Explain, if so, which l1 threshold kept the signal of A from moving, or erased it, and when.

    Parameters
    ----------
    columns : mapping
        ``step`` (n,), and ``stage``, ``alpha_A``, ``alpha_V``, (n,) or (n, R), of a complete run:
        arrays, or datasets of a file, which are read in chunks. ``stage`` is -1 where a replica
        has ended.
    rows : int
        Number of valid rows.

    Returns
    -------
    str
        An explanation and what to try, or an empty string.

    Notes
    -----
    The mean gradient at a support entry s of query k is ``kappa s - kappa' q``, with
    ``kappa' = alpha_V K_P`` (docs/model.md, sections 2 and 3).
    """
    stages, task = plan.stages, plan.task
    if rows < 2 or not any(map(_thresholds, stages)):
        return ""
    trace = _traced(columns, rows)
    R = len(trace.peak)
    found = sorted(
        (*symptom, r)
        for r in range(R)
        if (symptom := _symptom(trace, r))
        and _thresholds(stages[int(_value(columns["stage"], symptom[1], r))])
    )
    if not found:
        return ""
    kind, row, replica = found[len(found) // 2]
    index, step = int(_value(columns["stage"], row, replica)), int(columns["step"][row])
    of = "" if R == 1 else f" in {len(found)} of {counted(R, 'replica')}"
    what = {
        "erased": f"erased the signal of A{of} by step {step}",
        "kept out": f"kept the signal of A at 0{of}",
        "still": f"kept A from moving{of}",
    }[kind]
    before = _value(columns["alpha_V"], row - 1, replica)
    pull = abs(before) * task.K_P * float(task.q_weights.max())
    return (
        f"the l1 threshold {what}. It was {_level(stages[index], plan.spec)} in stage {index}, and "
        f"the mean gradient at a support entry was at most {pull:.3g}. Try a lower threshold, a "
        "larger dynamics.batch_size (a threshold in sigmas falls with its square root), or a first "
        'stage with rule = "sgd" that ends on until_signal'
    )


def _thresholds(stage: Stage) -> bool:
    return rule_record(stage.rule).thresholds and _thresholds_of(stage)[1] > 0


def _traced(columns: Mapping[str, Any], rows: int) -> _Trace:
    """Read the signals of A twice, as what is small depends on the largest."""
    first = _matrix(columns["alpha_A"][:1])[0]
    count = np.zeros(len(first), np.int64)
    peak, moved = np.zeros(len(first)), np.zeros(len(first), bool)
    for _, alpha, runs in _chunks(columns, rows):
        count += runs.sum(axis=0)
        peak = np.maximum(peak, np.where(runs, np.abs(alpha), 0.0).max(axis=0))
        moved |= (runs & (alpha != first)).any(axis=0)
    large = np.full(len(first), -1)
    for begin, alpha, runs in _chunks(columns, rows):
        here = runs & (np.abs(alpha) > _GONE * peak)
        last = begin + len(here) - 1 - np.argmax(here[::-1], axis=0)
        large = np.where(here.any(axis=0), last, large)
    return _Trace(count, peak, large, moved)


def _chunks(
    columns: Mapping[str, Any], rows: int
) -> Iterator[tuple[int, NDArray[np.float64], NDArray[np.bool_]]]:
    """Yield the first row, the signals of A and whether the replica was running, in chunks."""
    size = max(1, _CHUNK // _matrix(columns["alpha_A"][:1]).shape[1])
    for begin in range(0, rows, size):
        end = min(begin + size, rows)
        alpha, stage = (_matrix(columns[name][begin:end]) for name in ("alpha_A", "stage"))
        yield begin, alpha, stage >= 0


def _symptom(trace: _Trace, replica: int) -> tuple[str, int] | None:
    """Return what is wrong with a replica, and the row from which it is."""
    rows, peak, large, moved = (each[replica] for each in trace)
    if rows < 2 or not np.isfinite(peak):
        return None
    if peak == 0:
        return "kept out", 1
    if large < rows - 1:
        return "erased", int(large) + 1
    return None if moved else ("still", 1)


def _matrix(values: NDArray[Any]) -> NDArray[Any]:
    return values[:, None] if values.ndim == 1 else values


def _value(column: Any, row: int, replica: int) -> float:
    return float(np.atleast_1d(column[row])[replica])


def _level(stage: Stage, spec: RunSpec) -> str:
    low, high = _thresholds_of(stage)
    words = f"{low:.3g}" if high - low <= 1e-9 * high else f"{low:.3g} to {high:.3g}"
    sigmas = spec.stage[stage.index].threshold_sigmas
    return f"{words} ({sigmas:g} sigma)" if isinstance(sigmas, float | int) else words


def _thresholds_of(stage: Stage) -> tuple[float, float]:
    """Return the least and the largest threshold of a stage, over columns and steps."""
    least, most = (1.0, 1.0) if stage.schedule is None else stage.schedule.thresholds
    return least * float(stage.threshold.min()), most * float(stage.threshold.max())
