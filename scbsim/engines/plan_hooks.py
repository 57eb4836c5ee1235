"""What a run plan reads from an engine's class before an engine is built, and defaults."""

from __future__ import annotations

from scbsim.engines.cost import COLLAPSED_STEP, engine_bytes, value_bytes
from scbsim.engines.noise import MatchedNoise
from scbsim.engines.plan import RunPlan
from scbsim.state import State

_MATRICES_OF_COVARIANCES = 9
"""Matrices of the size of V that noise with covariances needs."""


class Planned:
    """Costs and kernels of an engine; the defaults are for a few numbers per column.

    Attributes
    ----------
    powers_kernel, advance_kernel : str
        The kernels in which engines differ.
    keeps_lists : bool
        Whether the active entries are stored in lists.
    """

    powers_kernel, advance_kernel = "powers_of_bulk", "advance"
    keeps_lists = False

    @classmethod
    def step_seconds(cls, plan: RunPlan) -> float:
        """Return about how many seconds a step takes on one thread."""
        return COLLAPSED_STEP

    @classmethod
    def memory(cls, plan: RunPlan) -> int:
        """Return about how many bytes a replica needs, without the shared target of V."""
        own = engine_bytes(plan.task, lists=cls.keeps_lists)
        matrices = 1
        if isinstance(plan.noise, MatchedNoise) and plan.noise.covariances:
            matrices += _MATRICES_OF_COVARIANCES
        return matrices * value_bytes(plan.task.N, plan.choice.matrix_V) + own

    @classmethod
    def require_room(cls, plan: RunPlan) -> None:
        """Refuse a run whose state will outgrow memory; do nothing if it does not grow."""

    @classmethod
    def kernels(cls, plan: RunPlan) -> tuple[str, ...]:
        """Return the kernels that a run calls, in the order of their first calls."""
        first, levels = cls.level_kernels(plan)
        return (*first, "observe", *levels, cls.advance_kernel, "normalize_columns")

    @classmethod
    def level_kernels(cls, plan: RunPlan) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Return the kernels of matched levels: one for the task, and those of an update."""
        if not isinstance(plan.noise, MatchedNoise):
            return (), ()
        if plan.noise.covariances:
            return ("square_of_target",), (cls.powers_kernel, "set_covariances")
        return (), (cls.powers_kernel, "moments", "set_levels")

    def draw_last(self) -> None:
        """Draw the entries of the last state; do nothing where they are stored."""

    def before_draw(self) -> State:
        """Return what a draw of entries changes in the state; nothing where they are stored."""
        return {}
