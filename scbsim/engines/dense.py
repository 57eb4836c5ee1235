"""The dense engine: every entry of A and V, as the dynamics are written. The ground truth."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from scbsim.engines.gaussian import GaussianEngine
from scbsim.noise import NoiseLevels
from scbsim.task import Task


class DenseEngine(GaussianEngine):
    """Every entry of A, (N, T), and of V, (N, N). Parameters as :class:`GaussianEngine`.

    Raises
    ------
    MemoryNeeded
        If the state does not fit into memory.
    """

    name = "dense"

    def __init__(
        self, task: Task, noise: NoiseLevels, *, dtype: Any = np.float32, **options: Any
    ) -> None:
        from scbsim.memory import require

        matrix = task.N * task.T * np.dtype(dtype).itemsize
        value = 2 * 8 * task.N * task.N
        require(matrix + value, f"the dense engine at N = {task.N}, T = {task.T}")
        super().__init__(task, noise, dtype=dtype, bulk=True, value=True, **options)

    def s(self) -> NDArray[np.float64]:
        """Return ``s``, (N, T) float64: ``a_k = s_k + (1 - 1's_k)/T`` are the columns of A."""
        s: NDArray[np.float64] = self.A.bulk.astype(np.float64)
        np.put_along_axis(s, self.A.positions, self.A.support, axis=1)
        return s
