"""The memory of update rules that have one number of it for each entry of A."""

from __future__ import annotations

import numpy as np

from scbsim.engines.stages import Stage
from scbsim.kernels.allocate import aligned_zeros
from scbsim.kernels.gaussian.state import Attention
from scbsim.spec.rules import rule_record
from scbsim.state import State
from scbsim.util.memory import require, smaller


def with_memory(A: Attention) -> Attention:
    """Return A with a memory of 0: of each entry that is stored, in its type.

    Raise MemoryNeeded if it does not fit into memory.
    """
    N, T = A.bulk.shape
    # The entries themselves are not in memory yet: no step has written them.
    what = f"A and the memory of a rule, a number for each entry, at N = {N}, T = {T}"
    require(2 * A.bulk.nbytes, what, smaller(A.bulk.itemsize))
    return A._replace(
        memory=aligned_zeros(A.bulk.shape, A.bulk.dtype), support_memory=np.zeros_like(A.support)
    )


def memory_of(A: Attention) -> State:
    """Return the arrays of the memory, as part of a state; none if there is no memory."""
    found = {"memory": A.memory, "support_memory": A.support_memory}
    return {name: array for name, array in found.items() if array.size}


def forget_memory(A: Attention) -> None:
    """Set the memory to 0."""
    A.memory[:] = 0.0
    A.support_memory[:] = 0.0


def forgets(stage: Stage, following: Stage) -> bool:
    """Return whether memory is set to 0 between two stages: by normalisation or another rule."""
    ends = stage.normalize_level is not None or stage.rule != following.rule
    return ends and rule_record(stage.rule).memory


def any_memory(stages: tuple[Stage, ...]) -> bool:
    """Return whether a stage has a rule with memory."""
    return any(rule_record(stage.rule).memory for stage in stages)
