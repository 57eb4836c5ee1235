"""The collapsed engine: SGD on a few numbers, at a cost independent of N and T."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from scbsim.engines.base import Block, Row
from scbsim.engines.directions import Array, Space, standard_normals
from scbsim.engines.drawn_entries import collapsed_entries, space_of_collapsed, with_entries
from scbsim.engines.entries import Entries
from scbsim.engines.gaussian import END
from scbsim.engines.given_direction import MOST_KEPT, given_by
from scbsim.engines.noise import NoiseLevels
from scbsim.engines.plan import RunPlan
from scbsim.engines.stages import Stage
from scbsim.engines.value_direction import direction_of, drawn_value, turned
from scbsim.engines.warm_start import (
    Columns,
    entries_of,
    moved_value,
    pairs_of,
    same_target,
    split,
)
from scbsim.engines.warm_start import Entries as OfColumns
from scbsim.engines.without_entries import WithoutEntries
from scbsim.errors import InputError
from scbsim.kernels.gaussian.collapsed import (
    advance_collapsed,
    make_collapsed,
    observe_collapsed,
)
from scbsim.kernels.gaussian.collapsed_value import make_collapsed_value
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
        self._value = make_collapsed_value(self.V.scalars, self.constants)
        self._direction = np.empty((0, 0))  # of the rest of V; empty before it is drawn
        self._known_V = True  # whether it is uniform, given what was drawn

    @classmethod
    def kernels(cls, plan: RunPlan) -> tuple[str, ...]:
        """Return the kernels that a run calls, in the order of their first calls."""
        own = ("observe_collapsed", "advance_collapsed")
        entries = cls.entry_kernels(plan)
        if not entries:
            return own
        first, *others = entries
        of_all = ("directions_at_support", "draw_ones", "sum_directions")
        of_V = ("draw_rows",) if cls.draws_V(plan) else ()
        return (*own, first, *of_all, *others, "observe", *of_V)

    @staticmethod
    def draws_V(plan: RunPlan) -> bool:
        """Return whether a run draws V."""
        output = plan.spec.output
        return bool(output.snapshot_every) or output.final_state is True

    def _space(self) -> Space:
        return space_of_collapsed(self.task, together=self._together)

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
        alpha, rest = self.collapsed.alpha, self.collapsed.rest
        return collapsed_entries(self._directions, task, alpha, rest, self.totals)

    @property
    def is_empty(self) -> bool:
        """Whether all entries off the support are at 0."""
        alpha = self.collapsed.alpha[self._space().group]
        moved = (self.collapsed.ones != (1.0, 0.0, 0.0)).any()
        return not moved and not self._rests().any() and bool((alpha == self.totals).all())

    @property
    def can_draw_V(self) -> bool:
        """Whether V can be drawn: not after a start from its scalars without a direction."""
        return self._known_V

    def value(self) -> Array:
        """Draw V; return W, (N, N), or (0, 0) if the task has no P.

        Raises
        ------
        InputError
            If the run started from the scalars of a V whose direction is lost.
        """
        if not self._known_V:
            raise InputError(
                "the collapsed engine has no V here: this run started from one that was kept as "
                'its signal and the norm of the rest; take dynamics.value = "matrix" there'
            )
        alpha, rest = self.V.scalars
        if self.task.P is None:
            return self.V.W
        W = alpha * self.task.P_tilde
        if rest > 0.0:
            since = self._value.since
            self._direction = turned(self._direction, since, self.task, self.here)
            self._value = self._value._replace(since=np.ones(1))
            W += np.sqrt(rest) * self._direction
        return np.asarray(W)

    def draw_last(self) -> None:
        """Draw A and V, if the last state is to have them."""
        super().draw_last()
        if self._keeps_last and self._known_V:
            self.value()

    def _changed_by_draw(self) -> State:
        own = {"ones": self.collapsed.ones, "totals": self.totals}
        own |= {"direction_V": self._direction, "since_V": self._value.since}
        return {**super()._changed_by_draw(), **own}

    def _state_of_direction(self) -> State:
        """Return what is known of the direction of V."""
        known = np.array([float(self._known_V)])
        return {"direction_V": self._direction, "since_V": self._value.since, "known_V": known}

    def _take_up_directions(self, state: State) -> None:
        super()._take_up_directions(state)
        self._known_V = "known_V" in state and bool(state["known_V"][0])
        if "since_V" in state:
            self._direction = np.array(state["direction_V"])
            self._value = self._value._replace(since=np.array(state["since_V"]))

    def _snapshot(self, entries: Entries | None) -> State:
        N, Q = self.task.N, self.task.Q
        W = np.empty((N, N) if self.task.P is not None else (0, 0))
        return {
            "bulk": self._bulk(entries),
            "support": np.empty((N, Q)) if entries is None else entries.support,
            "off_sums": np.empty((N, 2)) if entries is None else entries.off_sums,
            **self._state_of_V(),
            "W": W if entries is None else self.value(),
        }

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
            self.collapsed, self._value, self.constants, params, self._address, rows
        )
        self.step += taken
        return Block(rows[:taken], END[reason])

    def adopt(self, state: State, old: Task) -> None:
        """Start from the last state of a run; parameters as :meth:`DenseEngine.adopt`."""
        last = state
        if "alpha" not in state or not same_target(old, self.task):
            state = with_entries(state, old)
        if "alpha" not in state:
            self.adopt_entries(*split(entries_of(state, old), self.task), most=MOST_KEPT)
        elif not same_target(old, self.task):
            raise InputError(
                "init.from: that run stored A as a few numbers, which say nothing of another "
                "target; run it again with output.final_state = true, which draws its entries"
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
            if "totals" in state:
                # Files of earlier versions have none. What was not drawn yet of their noise is
                # drawn at the levels of this run.
                self.totals[:], self.collapsed.ones[:] = state["totals"], state["ones"]
            self._known |= not self.collapsed.rest.any()
        self._adopt_value(state, old)
        self._adopt_direction(last, old)

    def _adopt_direction(self, state: State, old: Task) -> None:
        """Take up what is known of the direction of V, after its scalars."""
        W = drawn_value(state, old) if not state["W"].size else state["W"]
        if not self.V.scalars[1] > 0.0:
            self._known_V = True
        elif W is not None and self.task.P is not None:
            self.take_up_value(moved_value(W, state["mean"], old, self.task))
        else:
            # Without a draw the direction is as it was in that run.
            self._known_V = "known_V" in state and bool(state["known_V"][0])
            if self._known_V:
                self._direction = np.array(state["direction_V"])
                self._value = self._value._replace(since=np.array(state["since_V"]))

    def take_up_value(self, W: Array) -> None:
        """Keep the direction of the rest of V, given as a W with its scalars."""
        if self.V.scalars[1] > 0.0:
            self._direction = direction_of(W, self.V.scalars, self.task)
            self._value = self._value._replace(since=np.ones(1))
        self._known_V = True

    def adopt_entries(self, columns: Columns, others: OfColumns, most: float = np.inf) -> None:
        """Set A from its entries, and keep up to ``most`` of them as the direction of its rest."""
        self._set_groups(*pairs_of(columns, self.task))
        self.totals[:] = columns.support.sum(axis=1) + columns.off_sums[:, 0]
        self.collapsed.ones[:] = 1.0, 0.0, 0.0
        self._known = not self.collapsed.rest.any()
        if self._known or len(others.s) > most:
            return
        task, group = self.task, self._space().group
        alpha = self.collapsed.alpha[group]
        base = (self.totals - alpha) / task.T
        scale = np.sqrt(self.collapsed.rest[group] / task.mu)
        on = columns.support - base[:, None] - alpha[:, None] * task.q_weights
        self._begin_with(given_by(others, base, scale, on))

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
            **self._state_of_direction(),
        }
