"""The base class of engines that keep Q + 2 numbers of each column of A."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from scbsim.engines.noise import Noise
from scbsim.engines.warm_start import entries_of, same_target, split
from scbsim.engines.without_entries import WithoutEntries
from scbsim.errors import InputError
from scbsim.kernels.gaussian.off_support import OffSupport
from scbsim.state import State
from scbsim.task import Task


class OffSupportEngine(WithoutEntries):
    """The support entries of each column, and two numbers for all other entries.

    Nothing can be normalised. Parameters as :class:`GaussianEngine`.

    Attributes
    ----------
    off : OffSupport
        The two numbers of every column.
    """

    def __init__(
        self,
        task: Task,
        noise: Noise,
        *,
        dtype: DTypeLike = np.float64,
        threads: int = 1,
        value: bool = True,
        **options: Any,
    ) -> None:
        super().__init__(
            task, noise, dtype=np.float64, threads=1, bulk=False, value=value, **options
        )
        self.off = OffSupport(np.zeros(task.N), np.zeros(task.N))

    def state(self) -> State:
        """Return the arrays of the state, which with ``step`` is complete; views, not copies."""
        return {**super().state(), "off_along": self.off.along, "off_square": self.off.square}

    def adopt(self, state: State, old: Task) -> None:
        """Start from the last state of a run; parameters as :meth:`DenseEngine.adopt`."""
        if "off_along" not in state:
            columns, _ = split(entries_of(state, old), self.task)
            self.A.support[:], self.A.off_sums[:] = columns
            others = max(1, self.task.T - self.task.Q)
            self.off.along[:] = columns.off_sums[:, 0] / np.sqrt(others)
            self.off.square[:] = np.maximum(columns.off_sums[:, 1] - self.off.along**2, 0.0)
        elif same_target(old, self.task):
            for name in ("support", "off_sums", "off_along", "off_square"):
                self.state()[name][:] = state[name]
        else:
            raise InputError(
                "init.from: that run kept A off its support as two numbers a column, which say "
                'nothing of another target; run it again with dynamics.engine = "dense", or '
                '"batch" if it was sampled'
            )
        self._adopt_value(state, old)
