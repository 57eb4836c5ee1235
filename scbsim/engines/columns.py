"""The columns engine: SGD under matched noise, at a cost that does not grow with T."""

from __future__ import annotations

from typing import Any

import numpy as np

from scbsim.engines.cost import columns_seconds, value_bytes
from scbsim.engines.noise import MatchedNoise
from scbsim.engines.off_support import OffSupportEngine
from scbsim.engines.plan import RunPlan
from scbsim.kernels.gaussian.columns import OFF_NORMALS, ColumnsNoise, advance_columns
from scbsim.kernels.random.short_blocks import normals_of
from scbsim.task import Task

_MATRICES = 5
"""Matrices of the size of V that noise needs without covariances: its normals and products."""


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
    _advance = staticmethod(advance_columns)

    def __init__(self, task: Task, noise: MatchedNoise, **options: Any) -> None:
        super().__init__(task, noise, **options)
        assert self._matched is not None
        renewal = self._matched.renewal(self.V.target, self._first_step)
        N, Q = task.N, task.Q
        off: tuple[int, int] = (N, OFF_NORMALS)
        if self._matched.joint is None:
            normals, (of_off, of_A, of_W) = normals_of(off, (N, Q), (N, N))
            self.A = self.A._replace(noise=of_A)
        else:
            joint = self._matched.joint
            names = ("y", "common", "outputs")
            shapes = [getattr(joint, name).shape for name in names]
            normals, (of_off, *arrays) = normals_of(off, *shapes)
            self._joint = joint._replace(**dict(zip(names, arrays, strict=True)))
            self._matched.joint = self._joint
            of_W = joint.of_W
        self._normals = ColumnsNoise(normals, of_off, of_W, renewal)

    @classmethod
    def step_seconds(cls, plan: RunPlan) -> float:
        """Return about how many seconds a step takes on one thread."""
        return columns_seconds(plan.task)

    @classmethod
    def memory(cls, plan: RunPlan) -> int:
        """Return about how many bytes a replica needs, without the shared target of V."""
        own = super().memory(plan)
        if isinstance(plan.noise, MatchedNoise) and not plan.noise.covariances:
            own += _MATRICES * value_bytes(plan.task.N, True)
        return own

    @classmethod
    def kernels(cls, plan: RunPlan) -> tuple[str, ...]:
        """Return the kernels that a run calls, in the order of their first calls."""
        own = ("square_of_target", "observe", cls.advance_kernel)
        return own + cls.entry_kernels(plan)
