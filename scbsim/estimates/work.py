"""What a step costs as a sum of terms, whose rates a benchmark measures.

A term is a count: entries, activations, samples. The seconds of a step are the sum of the counts,
each times a rate. Rates differ between kinds of steps: engines, precisions, rules, noise models.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from scbsim.engines.cost import active_entries, expected_activations
from scbsim.engines.noise import MatchedNoise, SampledNoise
from scbsim.engines.plan import RunPlan
from scbsim.engines.rule_memory import any_memory
from scbsim.engines.stages import Stage
from scbsim.spec.rules import rule_record

Terms = dict[str, float]

_NEAR_BYTES = 2**22
"""Bytes of a matrix beyond which its entries come from memory, or from a cache that is far."""

_WITH_MEMORY = 1.7
"""Entries that take as long as one whose rule has a memory."""

_NEAR_COLUMNS = 5_000
"""Columns beyond which the arrays of the columns are far."""


class Work(NamedTuple):
    """The kind of a step and its terms."""

    kind: str
    terms: Terms


def work_of(plan: RunPlan, stage: Stage, threads: int = 1) -> Work:
    """Return the work of a step of a stage, if ``threads`` share it."""
    name = plan.choice.name
    if name == "staged":
        first = "columns" if isinstance(plan.noise, MatchedNoise) else "collapsed"
        name = "sparse" if rule_record(stage.rule).keeps_zeros else first
    t = threads if plan.record.shares_step else 1
    N = plan.task.N
    base = {"step": 1.0, "columns": float(N)}
    if plan.choice.matrix_V and name != "collapsed":
        base |= {"V": float(N * N), "columns of V": float(N)}
    if name == "dense":
        terms = base | _entries(plan, t) | _matched(plan, t)
        if _noise(plan):
            # Levels are looked up and powers summed: more work for an entry, near or far.
            terms = {name: count for name, count in terms.items() if not name.startswith("far")}
        if isinstance(plan.noise, SampledNoise):
            terms |= _sampled(plan, stage, t)
        if any_memory(plan.stages):
            # The memory of an entry is read and written as the entry is.
            terms |= {name: _WITH_MEMORY * n for name, n in terms.items() if "entries" in name}
        return Work(_dense_kind(plan, stage), terms)
    if name == "sparse":
        return Work(f"sparse{_noise(plan)}", base | _active(plan, stage) | _matched(plan, t))
    if name in ("batch", "softmax"):
        return Work(f"{name} {plan.spec.dynamics.precision}", base | _samples(plan, stage, t))
    if name == "sampled":
        return Work(name, base | _sampled(plan, stage, t))
    if name in ("columns", "approximate"):
        return Work(f"{name}{_noise(plan)}", base | _matched(plan, 1))
    return Work(name, base)


def _noise(plan: RunPlan) -> str:
    """Return the part of the kind that says which noise, empty if its levels are constant."""
    if isinstance(plan.noise, SampledNoise):
        return " sampled"
    if not isinstance(plan.noise, MatchedNoise):
        return ""
    return " covariances" if plan.noise.covariances else " matched"


def _dense_kind(plan: RunPlan, stage: Stage) -> str:
    if noise := _noise(plan):
        return f"dense{noise} {plan.spec.dynamics.precision}"
    record = rule_record(stage.rule)
    rule = "prox" if record.own else stage.rule
    return f"dense {rule} {plan.spec.dynamics.precision}"


def _entries(plan: RunPlan, t: int) -> Terms:
    """Return the entries of A: those of a thread's share, those of the others, those far away."""
    entries = float(plan.task.N * plan.task.T)
    size = np.dtype(plan.spec.dynamics.precision).itemsize
    far = max(0.0, entries - _NEAR_BYTES / size)
    return {
        "entries": entries / t,
        "entries not shared": entries * (1.0 - 1.0 / t),
        "far entries": far / t,
        "far entries not shared": far * (1.0 - 1.0 / t),
        # Threads start and wait once in each step.
        "threads": float(t > 1),
    }


def _matched(plan: RunPlan, t: int) -> Terms:
    """Return the products of matrices in a step, and in an update of the levels."""
    if not isinstance(plan.noise, MatchedNoise):
        return {}
    N, every = float(plan.task.N), plan.noise.every
    terms = {
        "columns updated": N / every,
        "V updated": N**2 / every,
        "products updated": N**3 / every / t,
    }
    # The noise of V is drawn by a triangular product in each step.
    return terms | ({"products": N**3} if plan.noise.covariances else {})


def _active(plan: RunPlan, stage: Stage) -> Terms:
    """Return the expected entries off zero, and how many leave zero in a step."""
    active, _ = active_entries([stage], plan.levels, plan.task)
    N = float(plan.task.N)
    activations = expected_activations(stage, plan.levels, plan.task.T)
    return {
        "support": N * plan.task.Q,
        "far columns": max(0.0, N - _NEAR_COLUMNS),
        "activations": activations,
        "far activations": activations * (N > _NEAR_COLUMNS),
        "active": active,
    }


def _samples(plan: RunPlan, stage: Stage, t: int) -> Terms:
    """Return the tokens and the products of real batches."""
    N, T, B = plan.task.N, plan.task.T, _batch(plan, stage)
    far = N * T * np.dtype(plan.spec.dynamics.precision).itemsize > _NEAR_BYTES / 4
    return {
        "entries": float(N * T) / t,
        "samples": B / t,
        "tokens": B * T / t,
        "far tokens": B * T * far / t,
        "pairs": B * N * N / t,
        "tokens not shared": B * T * (1.0 - 1.0 / t),
        "pairs not shared": B * N * N * (1.0 - 1.0 / t),
        "threads": float(t > 1),
    }


def _sampled(plan: RunPlan, stage: Stage, t: int) -> Terms:
    N, B = plan.task.N, _batch(plan, stage)
    return {
        "samples": B / t,
        "sample columns": B * N / t,
        "pairs": B * N * N / t,
        "pairs not shared": B * N * N * (1.0 - 1.0 / t),
        "threads": float(t > 1),
    }


def _batch(plan: RunPlan, stage: Stage) -> float:
    """Return the mean batch of a step of a stage."""
    if stage.schedule is None:
        return float(plan.spec.dynamics.batch_size)
    return float(stage.schedule.batches[0])
