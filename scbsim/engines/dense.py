"""The dense engine: every entry of A and V, as the dynamics are written. The ground truth."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from scbsim.engines.gaussian import GaussianEngine
from scbsim.errors import InputError
from scbsim.noise import NoiseLevels
from scbsim.task import Task

LONGEST = {"float32": 2**34, "float64": 2**33}
"""Positions of a column whose noise has a counter of its own, by type."""


class DenseEngine(GaussianEngine):
    """Every entry of A, (N, T), and of V, (N, N). Parameters as :class:`GaussianEngine`.

    Raises
    ------
    InputError
        If T is beyond the layout of the random stream (`docs/model.md`, section 7).
    MemoryNeeded
        If the state does not fit into memory.
    """

    name = "dense"

    def __init__(
        self, task: Task, noise: NoiseLevels, *, dtype: Any = np.float32, **options: Any
    ) -> None:
        from scbsim.memory import require

        longest = LONGEST[np.dtype(dtype).name]
        if task.T > longest:
            raise InputError(
                f"task.T: {task.T} positions; the dense engine's random stream numbers up to "
                f"{longest} of a column in {np.dtype(dtype).name}"
            )
        matrix = task.N * task.T * np.dtype(dtype).itemsize
        value = 2 * 8 * task.N * task.N
        require(matrix + value, f"the dense engine at N = {task.N}, T = {task.T}")
        super().__init__(task, noise, dtype=dtype, bulk=True, value=True, **options)

    def s(self) -> NDArray[np.float64]:
        """Return ``s``, (N, T) float64: ``a_k = s_k + (1 - 1's_k)/T`` are the columns of A."""
        s: NDArray[np.float64] = self.A.bulk.astype(np.float64)
        np.put_along_axis(s, self.A.positions, self.A.support, axis=1)
        return s
