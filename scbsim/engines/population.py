"""The population process: the same dynamics without noise, at a cost that does not know T."""

from __future__ import annotations

from typing import Any

from scbsim.engines.cost import COLLAPSED_STEP, engine_bytes, value_bytes
from scbsim.engines.gaussian import GaussianEngine
from scbsim.engines.noise import Noise, NoiseLevels
from scbsim.engines.plan import RunPlan
from scbsim.engines.sparse import SparseEngine
from scbsim.errors import InputError
from scbsim.state import State
from scbsim.task import Task

_OF_ACTIVE_SET = ("indptr", "indices", "data")


class PopulationEngine(SparseEngine):
    """The noiseless process, whatever the noise model: `docs/model.md`, section 3.

    From a start with signals only, nothing leaves zero off the support under any rule, and V stays
    on its target's line, so N Q entries and a signal are all there is. V is a matrix beside them
    only if asked. Parameters as :class:`GaussianEngine`; levels of noise still set thresholds that
    are given in sigmas.
    """

    name = "population"

    def __init__(self, task: Task, noise: Noise, **options: Any) -> None:
        super().__init__(task, NoiseLevels.none(task), **options)

    @classmethod
    def step_seconds(cls, plan: RunPlan) -> float:
        """Return about how long one thread takes for a step."""
        return COLLAPSED_STEP

    @classmethod
    def memory(cls, plan: RunPlan) -> int:
        """Return about how many bytes a run takes."""
        own = engine_bytes(plan.task, lists=True)
        return value_bytes(plan.task.N, plan.choice.matrix_V) + own

    @classmethod
    def require_room(cls, plan: RunPlan) -> None:
        """Do nothing: no entry leaves zero."""

    @classmethod
    def kernels(cls, plan: RunPlan) -> tuple[str, ...]:
        """Return the kernels that a run calls, in the order in which it begins to."""
        return ("observe", cls.advance_kernel, "normalize_columns")

    def state(self) -> State:
        """Return the arrays that, with ``step``, are the whole state; views, not copies."""
        state = super().state()
        return {name: array for name, array in state.items() if name not in _OF_ACTIVE_SET}

    def restore(self, step: int, state: State) -> None:
        """Go to a state that :meth:`state` gave, to the bit."""
        GaussianEngine.restore(self, step, state)

    def adopt(self, state: State, old: Task) -> None:
        """Refuse: this process starts from signals."""
        raise InputError("init.from: the population engine starts from signals")
