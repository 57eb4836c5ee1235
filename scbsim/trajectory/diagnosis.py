"""Why a run that took all its steps learned nothing: an l1 threshold above its signal.

With `prox` an entry of A whose mean gradient is below the threshold shrinks to zero and stays so.
With `denoise` it does not move. Either way the run completes, and only its numbers show it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from scbsim.engines.plan import RunPlan
from scbsim.engines.stages import Stage
from scbsim.spec import RunSpec
from scbsim.spec.rules import RULES

_GONE = 1e-3
"""A signal below this fraction of its largest value is gone. Noise off the support leaves some."""

_PIECE = 2**16
"""Values of a column that are in memory at once."""


class _Seen(NamedTuple):
    """What is wrong with one replica, and the row by which it was."""

    kind: str
    row: int


class _Trace(NamedTuple):
    """Of each replica, (R,): what its signal of A did.

    Attributes
    ----------
    rows : int64
        Rows that it has.
    peak : float64
        The largest size; not finite if one is not.
    large : int64
        The last row whose size is not small beside that.
    moved : bool
        Whether it ever changed.
    """

    rows: NDArray[np.int64]
    peak: NDArray[np.float64]
    large: NDArray[np.int64]
    moved: NDArray[np.bool_]


def diagnosis(plan: RunPlan, columns: Mapping[str, Any], rows: int) -> str:
    """Say which l1 threshold kept the signal of A at zero or where it was, and at which step.

    Parameters
    ----------
    plan : RunPlan
    columns : mapping
        ``step`` (n,), and ``stage``, ``alpha_A``, ``alpha_V``, (n,) or (n, R), of a complete run:
        arrays or datasets of a file, which are read in pieces. ``stage`` is -1 where a replica
        has ended.
    rows : int
        How many rows count.

    Returns
    -------
    str
        A sentence and what to try; empty where nothing of the kind is seen.

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
    found = sorted((seen, r) for r in range(R) if (seen := _seen(trace, r)) is not None)
    found = [
        (seen, r)
        for seen, r in found
        if _thresholds(stages[int(_value(columns["stage"], seen.row, r))])
    ]
    if not found:
        return ""
    (kind, row), replica = found[len(found) // 2]
    index, step = int(_value(columns["stage"], row, replica)), int(columns["step"][row])
    of = "" if R == 1 else f" in {len(found)} of {R} replicas"
    what = {
        "erased": f"erased the signal of A{of} by step {step}",
        "kept out": f"kept the signal of A at 0{of}",
        "still": f"kept A from moving{of}",
    }[kind]
    before = _value(columns["alpha_V"], row - 1, replica)
    pull = abs(before) * task.K_P * float(task.q_weights.max())
    return (
        f"the l1 threshold {what}. It was {_level(stages[index], plan.spec)} in stage {index}; the "
        f"mean gradient at a support entry was at most {pull:.3g} then. Try a lower threshold, a "
        "larger dynamics.batch_size (a threshold in sigmas falls with its square root), or a first "
        'stage with rule = "sgd" that ends on until_signal'
    )


def _thresholds(stage: Stage) -> bool:
    return RULES[stage.rule].thresholds and bool(stage.threshold.max() > 0)


def _traced(columns: Mapping[str, Any], rows: int) -> _Trace:
    """Follow the signals of A, twice: what is small is known once the largest is."""
    first = _matrix(columns["alpha_A"][:1])[0]
    count = np.zeros(len(first), np.int64)
    peak, moved = np.zeros(len(first)), np.zeros(len(first), bool)
    for _, alpha, there in _pieces(columns, rows):
        count += there.sum(axis=0)
        peak = np.maximum(peak, np.where(there, np.abs(alpha), 0.0).max(axis=0))
        moved |= (there & (alpha != first)).any(axis=0)
    large = np.full(len(first), -1)
    for begin, alpha, there in _pieces(columns, rows):
        here = there & (np.abs(alpha) > _GONE * peak)
        last = begin + len(here) - 1 - np.argmax(here[::-1], axis=0)
        large = np.where(here.any(axis=0), last, large)
    return _Trace(count, peak, large, moved)


def _pieces(
    columns: Mapping[str, Any], rows: int
) -> Iterator[tuple[int, NDArray[np.float64], NDArray[np.bool_]]]:
    """Give the signals of A some rows at a time, and whether each is of a replica that ran."""
    some = max(1, _PIECE // _matrix(columns["alpha_A"][:1]).shape[1])
    for begin in range(0, rows, some):
        end = min(begin + some, rows)
        alpha, stage = (_matrix(columns[name][begin:end]) for name in ("alpha_A", "stage"))
        yield begin, alpha, stage >= 0


def _seen(trace: _Trace, replica: int) -> _Seen | None:
    rows, peak, large, moved = (each[replica] for each in trace)
    if rows < 2 or not np.isfinite(peak):
        return None
    if peak == 0:
        return _Seen("kept out", 1)
    if large < rows - 1:
        return _Seen("erased", int(large) + 1)
    return None if moved else _Seen("still", 1)


def _matrix(values: NDArray[Any]) -> NDArray[Any]:
    return values[:, None] if values.ndim == 1 else values


def _value(column: Any, row: int, replica: int) -> float:
    return float(np.atleast_1d(column[row])[replica])


def _level(stage: Stage, spec: RunSpec) -> str:
    low, high = float(stage.threshold.min()), float(stage.threshold.max())
    said = f"{low:.3g}" if high - low <= 1e-9 * high else f"{low:.3g} to {high:.3g}"
    sigmas = spec.stage[stage.index].threshold_sigmas
    return f"{said} ({sigmas:g} sigma)" if isinstance(sigmas, float | int) else said
