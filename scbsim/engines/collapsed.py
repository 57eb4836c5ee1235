"""The collapsed engine: SGD on a few numbers, at a cost independent of N and T."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from scbsim.engines.base import Block, Row
from scbsim.engines.directions import Array, Space, standard_normals
from scbsim.engines.entries import Entries
from scbsim.engines.gaussian import END
from scbsim.engines.noise import NoiseLevels
from scbsim.engines.plan import RunPlan
from scbsim.engines.stages import Stage
from scbsim.engines.warm_start import Columns, entries_of, same_target, split
from scbsim.engines.without_entries import WithoutEntries
from scbsim.errors import InputError
from scbsim.kernels.gaussian.collapsed import (
    advance_collapsed,
    make_collapsed,
    observe_collapsed,
)
from scbsim.observables import NAMES
from scbsim.state import State
from scbsim.task import Task

_ALIKE = 1e-12  # relative difference up to which levels are the same


class CollapsedEngine(WithoutEntries):
    """A and V as signals and norms of the noise parts; SGD only (`docs/model.md`, section 6).

    It is exact in law. If ``mu_k sigma_k^2`` is the same in all columns, A is two numbers, and
    otherwise two numbers per column. Parameters as :class:`WithoutEntries`.

    Attributes
    ----------
    totals : (N,) float64
        The sum of each ``s_k`` at the last draw of entries, or at the start. The observables do not
        depend on it, but what stands out in a column does.
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
        sigma = np.sqrt(task.mu) * noise.sigma_A
        self._together = bool(np.ptp(sigma) <= _ALIKE * sigma.max())
        super().__init__(
            task, noise, alpha_A=alpha_A, dtype=np.float64, bulk=False, value=value, **options
        )
        K, D = task.mu * task.K, np.full(task.N, task.T - 1.0)
        if self._together:
            sigma, K, D = sigma[:1], np.array([task.K_Q]), np.array([D.sum()])
        alpha = np.where(K > 0, alpha_A, 0.0)
        self.collapsed = make_collapsed(alpha, np.zeros(len(K)), K, D, sigma)
        self.totals = np.full(task.N, float(alpha_A))

    @classmethod
    def kernels(cls, plan: RunPlan) -> tuple[str, ...]:
        """Return the kernels that a run calls, in the order of their first calls."""
        own = ("observe_collapsed", "advance_collapsed")
        entries = cls.entry_kernels(plan)
        if not entries:
            return own
        first, *others = entries
        of_all = ("directions_at_support", "draw_ones", "sum_directions")
        return (*own, first, *of_all, *others, "observe")

    def _space(self) -> Space:
        task = self.task
        N, root = task.N, np.sqrt(task.mu)
        if self._together:
            K, D = np.array([task.K_Q]), np.array([N * (task.T - 1.0)])
            group = np.zeros(N, np.int64)
        else:
            K, D, group = task.mu * task.K, np.full(N, task.T - 1.0), np.arange(N)
        free = np.maximum(D - np.where(K > 0, 2.0, 1.0), 0.0)
        return Space(group, True, root, K, free)

    @property
    def _since(self) -> Array:
        return self.collapsed.since

    def _set_since(self, since: Array) -> None:
        self.collapsed = self.collapsed._replace(since=since)

    def _rests(self) -> Array:
        return self.collapsed.rest

    def _entries(self) -> Entries:
        task, T = self.task, float(self.task.T)
        keep, pull, square = self.collapsed.ones
        zeta = standard_normals(task.N, self.here)
        self.totals[:] = keep * self.totals + pull
        self.totals += self.noise.sigma_A * np.sqrt(T * square) * zeta
        self.collapsed.ones[:] = 1.0, 0.0, 0.0
        group = np.zeros(task.N, np.int64) if self._together else np.arange(task.N)
        alpha = self.collapsed.alpha[group]
        scale = np.sqrt(self.collapsed.rest[group] / task.mu)
        base = (self.totals - alpha) / T
        sums, n = self._directions.sums(), T - task.Q
        r = self._directions.at_support()
        support = alpha[:, None] * task.q_weights + (base[:, None] + scale[:, None] * r)
        total = n * base + scale * sums.total
        squares = base * (n * base + 2.0 * scale * sums.total) + scale**2 * sums.square
        off_sums = np.stack([total, squares], axis=1)
        return Entries(self._directions, base, scale, support, off_sums, sums.tops)

    def _changed_by_draw(self) -> State:
        return {**super()._changed_by_draw(), "ones": self.collapsed.ones, "totals": self.totals}

    def observe(self) -> Row:
        """Return the observables of the state, (9,) float64."""
        row = np.empty(len(NAMES))
        observe_collapsed(self.collapsed, self.V.scalars, self.constants, row)
        return row

    def advance(self, stage: Stage, steps: int, before: int = 0) -> Block:
        """Take up to ``steps`` steps of a stage, of which it has taken ``before``."""
        self._require_rule(stage)
        rows, params = np.empty((steps, len(NAMES))), self._step_params(stage, (before, steps))
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
            self._known = not self.collapsed.rest.any()
            self.totals[:] = columns.support.sum(axis=1) + columns.off_sums[:, 0]
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
            same = len(state["alpha"]) == len(self.collapsed.alpha)
            self._take_up_directions(state if same else {})
            self._known |= not self.collapsed.rest.any()
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
            "ones": self.collapsed.ones,
            "totals": self.totals,
            **self._state_of_V(),
            **self._state_of_directions(),
        }
