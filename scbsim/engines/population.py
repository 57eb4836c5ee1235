"""The population engine: the dynamics without noise, at a cost independent of T."""

from __future__ import annotations

from typing import Any

from scbsim.engines.noise import Noise, NoiseLevels
from scbsim.engines.plan import RunPlan
from scbsim.engines.sparse import SparseEngine
from scbsim.errors import InputError
from scbsim.state import State
from scbsim.task import Task


class PopulationEngine(SparseEngine):
    """The noiseless process, whatever the noise model: `docs/model.md`, section 3.

    From a start given by signals, no entry off the support leaves zero under any rule, and V stays
    a multiple of its target. So N Q entries and the signal of V are the whole state; V is stored as
    a matrix only on request. Parameters as :class:`GaussianEngine`; the noise model still defines
    thresholds given in sigmas.
    """

    name = "population"

    def __init__(self, task: Task, noise: Noise, **options: Any) -> None:
        super().__init__(task, NoiseLevels.none(task), **options)

    @classmethod
    def step_seconds(cls, plan: RunPlan) -> float:
        """Return about how many seconds a step takes on one thread."""
        return super(SparseEngine, cls).step_seconds(plan)

    @classmethod
    def memory(cls, plan: RunPlan) -> int:
        """Return about how many bytes a run needs, without the target of V."""
        return super(SparseEngine, cls).memory(plan)

    @classmethod
    def require_room(cls, plan: RunPlan) -> None:
        """Do nothing: no entry leaves zero."""

    @classmethod
    def kernels(cls, plan: RunPlan) -> tuple[str, ...]:
        """Return the kernels that a run calls, in the order of their first calls."""
        return ("observe", cls.advance_kernel, "normalize_columns")

    def state(self) -> State:
        """Return the arrays of the state, which with ``step`` is complete; views, not copies."""
        return super(SparseEngine, self).state()

    def restore(self, step: int, state: State) -> None:
        """Continue from a state returned by :meth:`state`, to the same bits."""
        super(SparseEngine, self).restore(step, state)

    def adopt(self, state: State, old: Task) -> None:
        """Refuse: this process starts from signals."""
        raise InputError(
            'init.from: the population engine starts from signals; take dynamics.engine = "dense"'
        )
