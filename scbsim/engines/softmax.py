"""Softmax attention on real batches: `docs/model.md`, section 8."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from scbsim.engines.batch import BatchEngine
from scbsim.engines.dense import DenseEngine
from scbsim.engines.noise import NoiseLevels
from scbsim.engines.rule_memory import memory_of
from scbsim.engines.warm_start import adopt_value
from scbsim.errors import InputError
from scbsim.state import State
from scbsim.task import Task


class SoftmaxEngine(BatchEngine):
    """Columns of A are ``softmax(l_k)``, with learned logits ``l_k``.

    Parameters as :class:`BatchEngine`. Raises InputError if the initial attention is not positive.
    """

    name = "softmax"
    keeps_column_sums = False

    def __init__(
        self, task: Task, noise: NoiseLevels, *, alpha_A: float, dtype: DTypeLike, **options: Any
    ) -> None:
        if not 0.0 <= alpha_A < 1.0:
            raise InputError(
                f"init.alpha_A: {alpha_A} is not from 0 to below 1; softmax attention is above 0 "
                "everywhere, which needs this"
            )
        super().__init__(task, noise, alpha_A=alpha_A, dtype=dtype, **options)
        self.logits = np.zeros((task.N, task.T), dtype)
        self._columns_changed()
        self._prepare()

    @staticmethod
    def needs(task: Task, dtype: DTypeLike, *, value: bool) -> int:
        """Return the bytes of its matrices: logits, A and V."""
        logits = task.N * task.T * int(np.dtype(dtype).itemsize)
        return logits + DenseEngine.needs(task, dtype, value=value)

    def state(self) -> State:
        """Return the arrays of the state, which with ``step`` is complete; views, not copies."""
        own = {**self._state_of_V(), **self._state_of_samples(), **memory_of(self.A)}
        return {"logits": self.logits, **own}

    def adopt(self, state: State, old: Task) -> None:
        """Start from the last state of a run; raise InputError if its attention is below 0."""
        if "logits" in state:
            self.logits[:] = state["logits"]
            adopt_value(self.V, self.constants.K_P, self.mean, state, old, self.task)
            self._set_mean()
        else:
            DenseEngine.adopt(self, state, old)
            self._columns_changed()
        self._prepare()

    def _columns_changed(self) -> None:
        """Set the logits from the columns of A; minus infinity, which no step changes, for 0."""
        for k in range(self.task.N):
            s = self.A.bulk[k].astype(np.float64)
            s[self.A.positions[k]] = self.A.support[k]
            a = s + (self.sums[k] - s.sum()) / self.task.T
            # An entry this small is the rounding error of a 0.
            a[np.abs(a) < 1e-15 * np.abs(a).max()] = 0.0
            if a.min() < 0:
                raise InputError(
                    "init.from: that run's attention has entries below 0, which softmax cannot "
                    "have; normalise it in that run (stage.N.normalize_level)"
                )
            with np.errstate(divide="ignore"):
                self.logits[k] = np.log(a) - np.log(a.max())
