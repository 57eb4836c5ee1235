"""The columns engine: SGD under matched noise, at a cost that does not grow with T."""

from __future__ import annotations

import numpy as np

from scbsim.engines.base import Block, Row
from scbsim.engines.cost import columns_seconds
from scbsim.engines.gaussian import END
from scbsim.engines.off_support import OffSupportEngine
from scbsim.engines.plan import RunPlan
from scbsim.engines.stages import Stage
from scbsim.kernels.gaussian.columns import advance_columns
from scbsim.task import Task

FEWEST = 10
"""Entries off the support, in multiples of N, from which ``auto`` takes this engine."""


def spread_of_levels(task: Task) -> float:
    """Return about by how much the variances of entries off the support differ, by their mean.

    It is ``eps`` of `docs/model.md`, section 6b, for a V on the target's line and columns of A
    that are all noise.
    """
    target = task.P_tilde
    squares = np.einsum("nm,nm->m", target, target)
    square = np.square(target @ target.T).sum()
    others = max(1, task.T - task.Q)
    if not square > 0.0:
        return 0.0
    return float(abs((squares**2 / task.mu).sum() / square - 1.0) / others)


class ColumnsEngine(OffSupportEngine):
    """SGD on Q + 2 numbers a column (`docs/model.md`, section 6b), under matched noise.

    Entries off the support have their mean variance, and sums of their powers are means over
    directions: a limit for large T (`docs/exactness.md`).
    """

    name = "columns"
    advance_kernel = "advance_columns"

    @classmethod
    def step_seconds(cls, plan: RunPlan) -> float:
        """Return about how many seconds a step takes on one thread."""
        return columns_seconds(plan.task)

    @classmethod
    def kernels(cls, plan: RunPlan) -> tuple[str, ...]:
        """Return the kernels that a run calls, in the order of their first calls."""
        others = ("powers_of_bulk", "normalize_columns")
        return tuple(name for name in super().kernels(plan) if name not in others)

    def advance(self, stage: Stage, steps: int) -> Block:
        """Take up to ``steps`` steps of a stage."""
        self._require_rule(stage)
        return super().advance(stage, steps)

    def _take(self, stage: Stage, rows: Row) -> tuple[int, str]:
        state = (self._model, self.off, self._step_params(stage), self._address)
        taken, reason = advance_columns(*state, rows, self.scratch, self._joint)
        self.step += taken
        return taken, END[reason]

    def _update_levels(self) -> None:
        """Compute the levels; sums of powers are those of a rest in a uniform direction."""
        assert self._matched is not None
        n = max(1.0, float(self.task.T - self.task.Q))
        mean, square = self.off.along / np.sqrt(n), self.off.square
        # A run that is about to diverge may have squares beyond the range of floats.
        with np.errstate(over="ignore", invalid="ignore"):
            fourth = 3.0 * square**2 * (n - 1.0) / (n * (n + 1.0))
            self._matched.powers[:, 0] = mean * (n * mean**2 + 3.0 * square)
            self._matched.powers[:, 1] = mean**2 * (n * mean**2 + 6.0 * square) + fourth
        self._matched.update(self._model)
