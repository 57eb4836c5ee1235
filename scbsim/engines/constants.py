"""The numbers of a task and of the random stream that kernels read."""

from __future__ import annotations

import numpy as np

from scbsim.kernels.gaussian.state import ProblemConstants
from scbsim.task import Task

NO_SIGNAL = 1e-28
"""A K_P below this is the rounding error of a P whose columns all equal mu."""

LONGEST = {"float32": 2**34, "float64": 2**33}
"""The largest T for which every position's noise has its own counter, by type."""


def constants_of(task: Task, seed: int, replica: int) -> ProblemConstants:
    """Return the constants of a task whose V keeps ``V mu = mu``."""
    K_P = float(task.K_P) if task.K_P > NO_SIGNAL else 0.0
    square, dimensions = float(task.mu @ task.mu), float((task.N - 1) ** 2)
    of_A = (np.array(task.mu), float(task.T), K_P, float(task.K_Q) if task.truth_known else 0.0)
    of_V = (square, square, square, 0.0, dimensions)
    return ProblemConstants(*of_A, *of_V, np.uint64(seed), np.uint64(replica))
