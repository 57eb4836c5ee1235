"""The collapsed engine: SGD on a few numbers, at a cost independent of N and T."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from scbsim.engines.base import Block, Row
from scbsim.engines.gaussian import END
from scbsim.engines.noise import NoiseLevels
from scbsim.engines.plan import RunPlan
from scbsim.engines.stages import Stage
from scbsim.engines.warm_start import Columns, entries_of, same_target, split
from scbsim.engines.without_entries import WithoutEntries
from scbsim.errors import InputError
from scbsim.kernels.gaussian.collapsed import (
    CollapsedAttention,
    advance_collapsed,
    observe_collapsed,
)
from scbsim.observables import NAMES
from scbsim.state import State
from scbsim.task import Task

_ALIKE = 1e-12  # relative difference up to which levels are the same


class CollapsedEngine(WithoutEntries):
    """A and V as signals and norms of the noise parts; SGD only (`docs/model.md`, section 6).

    It is exact in law. If ``mu_k sigma_k^2`` is the same in all columns, A is two numbers, and
    otherwise two numbers per column. There are no entries, so nothing can be normalised.
    Parameters as :class:`GaussianEngine`.
    """

    name = "collapsed"

    def __init__(
        self,
        task: Task,
        noise: NoiseLevels,
        *,
        alpha_A: float,
        dtype: Any = np.float64,
        value: bool = False,
        **options: Any,
    ) -> None:
        options["threads"] = 1
        super().__init__(
            task, noise, alpha_A=alpha_A, dtype=np.float64, bulk=False, value=value, **options
        )
        sigma = np.sqrt(task.mu) * noise.sigma_A
        K, D = task.mu * task.K, np.full(task.N, task.T - 1.0)
        if np.ptp(sigma) <= _ALIKE * sigma.max():
            sigma, K, D = sigma[:1], np.array([task.K_Q]), np.array([D.sum()])
        self.collapsed = CollapsedAttention(
            alpha=np.where(K > 0, alpha_A, 0.0), rest=np.zeros(len(K)), K=K, D=D, sigma=sigma
        )

    @classmethod
    def kernels(cls, plan: RunPlan) -> tuple[str, ...]:
        """Return the kernels that a run calls, in the order of their first calls."""
        return ("observe_collapsed", "advance_collapsed")

    def observe(self) -> Row:
        """Return the observables of the state, (9,) float64."""
        row = np.empty(len(NAMES))
        observe_collapsed(self.collapsed, self.V.scalars, self.constants, row)
        return row

    def advance(self, stage: Stage, steps: int) -> Block:
        """Take up to ``steps`` steps of a stage."""
        self._require_rule(stage)
        rows, params = np.empty((steps, len(NAMES))), self._step_params(stage)
        taken, reason = advance_collapsed(
            self.collapsed, self.V.scalars, self.constants, params, self._address, rows
        )
        self.step += taken
        return Block(rows[:taken], END[reason])

    def adopt(self, state: State, old: Task) -> None:
        """Start from the last state of a run; parameters as :meth:`DenseEngine.adopt`."""
        if "alpha" not in state:
            columns, _ = split(entries_of(state, old), self.task)
            self._adopt_columns(columns)
        elif not same_target(old, self.task):
            raise InputError(
                "init.from: that run stored A as a few numbers, which say nothing of another "
                'target; run it again with dynamics.engine = "dense" and output.final_state = true'
            )
        elif len(state["alpha"]) < len(self.collapsed.alpha):
            raise InputError(
                "init.from: that run stored A as two numbers, and the noise of this one differs "
                'from column to column; run it again with dynamics.engine = "dense"'
            )
        else:
            self._set_groups(state["alpha"], state["rest"])
        self._adopt_value(state, old)

    def _adopt_columns(self, columns: Columns) -> None:
        """Set A from its columns, with the sums of `scbsim.kernels.gaussian.observe.couple`.

        The signal is subtracted from each entry before squaring: a difference of squares would
        leave a noise part of the size of the root of its rounding error.
        """
        task, T = self.task, float(self.task.T)
        support, (sums, squares) = columns.support, columns.off_sums.T
        others = T - task.Q
        mean = (sums + support.sum(axis=1)) / T
        product = (others * mean - sums) / T
        product += ((support - mean[:, None]) * (task.q_weights - 1.0 / T)).sum(axis=1)
        alpha = np.divide(product, task.K, out=np.zeros(task.N), where=task.K > 0)
        d = support - alpha[:, None] * task.q_weights
        mean = (sums + d.sum(axis=1)) / T
        spread = squares - 2.0 * mean * sums + others * mean**2
        rest = np.maximum(spread, 0.0) + np.square(d - mean[:, None]).sum(axis=1)
        self._set_groups(alpha, task.mu * rest)

    def _set_groups(self, alpha: NDArray[np.float64], rest: NDArray[np.float64]) -> None:
        """Set A from the pairs of its groups or of all columns, ``rest`` weighted by mu."""
        if len(self.collapsed.alpha) == len(alpha):
            self.collapsed.alpha[:], self.collapsed.rest[:] = alpha, rest
            return
        weights = self.task.mu * self.task.K
        mean = weights @ alpha / self.task.K_Q if self.task.K_Q > 0 else 0.0
        self.collapsed.alpha[0] = mean
        self.collapsed.rest[0] = rest.sum() + weights @ (alpha - mean) ** 2

    def state(self) -> State:
        """Return the arrays of the state, which with ``step`` is complete; views, not copies."""
        return {
            "alpha": self.collapsed.alpha,
            "rest": self.collapsed.rest,
            **self._state_of_V(),
        }
