"""The memory of a run: the most that its process holds."""

from __future__ import annotations

import numpy as np

from scbsim.engines.entries import PART
from scbsim.engines.noise import MatchedNoise
from scbsim.engines.plan import RunPlan
from scbsim.estimates.draws import Drawn
from scbsim.estimates.start_state import taken_up
from scbsim.kernels.random.normal import BLOCK
from scbsim.observables import NAMES
from scbsim.storage.runfile.schema import chunk_rows

_DRAW = 5  # matrices of the size of P while a task is drawn
_KEPT = 3  # of those that a task keeps once a run has asked for them
_BLOCK_STEPS = 8192  # most steps of a block, as in `scbsim.run.loop`
ENTRY_BYTES = 16  # of an entry in a list: its position and value
_LISTS = 2  # of active entries, between which they go back and forth
_BLOCK_BYTES = 100  # of sums over a block of entries that are drawn and not kept
_COPIES_OF_PART = 4  # of a part of the entries, while a snapshot is written
_KERNELS_OF_HAND_OVER = 15e6  # of those between the two parts of a run
_KERNELS = 8e6  # machine code of other engines, beyond that of the smallest run


def memory_needed(plan: RunPlan, start_bytes: float, drawn: tuple[Drawn, Drawn]) -> int:
    """Return the most bytes that the process of a run holds.

    ``start_bytes`` are those of a process with everything imported and a small run's kernels.
    """
    entries = _LISTS * ENTRY_BYTES * drawn[0].listed
    if any(each.passes for each in drawn):
        entries += _BLOCK_BYTES * plan.task.N * plan.task.T / BLOCK
    output = plan.spec.output
    if not plan.record.entries and output.snapshot_every:
        # They are drawn and written in parts of a column.
        entries += _COPIES_OF_PART * 8.0 * min(plan.task.T, PART)
    begun = taken_up(plan).bytes
    if not plan.engine.keeps_lists:
        begun += plan.shared_memory + plan.memory
    return int(start_bytes + max(_drawing(plan), _running(plan) + entries, begun))


def _drawing(plan: RunPlan) -> float:
    N = plan.task.N if plan.task.P is not None else 0
    drawn = plan.spec.task.from_ is None
    return 8.0 * N * N * (_DRAW if drawn else _KEPT)


def _running(plan: RunPlan) -> float:
    N, Q, R = plan.task.N, plan.task.Q, plan.spec.dynamics.replicas
    task = 8.0 * (N * 4 + 2 * N * Q + (_KEPT * N * N if plan.task.P is not None else 0))
    each = float(plan.memory)
    code = 0.0 if plan.choice.name == "collapsed" else _KERNELS
    if plan.choice.name == "staged":
        joint = isinstance(plan.noise, MatchedNoise) and plan.noise.covariances
        code += _KERNELS_OF_HAND_OVER * (2 if joint else 1)
    if isinstance(plan.noise, MatchedNoise) and plan.choice.name == "dense":
        each += 8.0 * N * Q
    total = plan.spec.total_steps
    columns = R * (2 + len(NAMES)) * np.dtype(np.float64).itemsize
    buffered = columns * chunk_rows(total // plan.spec.output.every + 2, R)
    block = 2 * columns * min(total, _BLOCK_STEPS, max(1, 2**19 // R))
    return code + task + plan.shared_memory + R * each + buffered + block
