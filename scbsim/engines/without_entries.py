"""The base class of engines that store A as a few numbers per column."""

from __future__ import annotations

from typing import Any

import numpy as np

from scbsim.engines.base import Row
from scbsim.engines.before_draw import kept_before
from scbsim.engines.directions import Array, DrawnDirections, Space
from scbsim.engines.entries import DrawnBulk, Entries
from scbsim.engines.gaussian import GaussianEngine
from scbsim.engines.given_direction import GivenDirections
from scbsim.engines.noise import Noise
from scbsim.engines.plan import RunPlan
from scbsim.engines.stages import Stage
from scbsim.errors import InputError
from scbsim.kernels.gaussian.normalize import NormalizedColumns
from scbsim.observables import NAMES
from scbsim.spec import RunSpec
from scbsim.spec.engines import ENGINES
from scbsim.spec.rules import rule_record
from scbsim.state import State
from scbsim.task import Task

MOST_DRAWN = 2**30
"""Entries of all replicas up to which the end of a run is normalised."""


def draws_of(spec: RunSpec, task: Task) -> bool:
    """Return whether entries that are not kept are drawn for normalised copies of the state."""
    if spec.output.normalized_every:
        return True
    return spec.dynamics.replicas * task.N * task.T <= MOST_DRAWN


class WithoutEntries(GaussianEngine):
    """An engine without entries of A off the support; they are drawn when they are asked for.

    Parameters as :class:`GaussianEngine`, and

    Parameters
    ----------
    draws : bool
        Whether copies of the state are normalised; if not, their observables are NaN.
    keeps_last : bool
        Whether the entries of the last state are drawn whatever their number.
    """

    _with_entries = "dense"  # an engine of the same noise that has entries

    def __init__(
        self,
        task: Task,
        noise: Noise,
        *,
        draws: bool = True,
        keeps_last: bool = False,
        **options: Any,
    ) -> None:
        super().__init__(task, noise, **options)
        self._draws, self._keeps_last = draws, keeps_last
        self._directions = DrawnDirections(task, self._space())
        self._known = True  # whether the rest has a uniform direction, given what was drawn
        self._why_not = (
            "this run started from a state with entries of its own, which it did not keep"
        )

    @classmethod
    def entry_kernels(cls, plan: RunPlan) -> tuple[str, ...]:
        """Return the kernels that normalise the end of a run."""
        draws = draws_of(plan.spec, plan.task) or plan.spec.output.final_state is True
        return ("sum_draw", "sum_kept") if draws else ()

    def _space(self) -> Space:
        """Return the space in which the rests move."""
        raise NotImplementedError

    @property
    def _since(self) -> Array:
        """The cosines of the rests with their directions at the last draw; empty before."""
        raise NotImplementedError

    def _set_since(self, since: Array) -> None:
        raise NotImplementedError

    def _rests(self) -> Array:
        """Return the squared norms of the rests, (groups,)."""
        raise NotImplementedError

    def _entries(self) -> Entries:
        """Return the entries for the present directions."""
        raise NotImplementedError

    @property
    def here(self) -> tuple[int, int, int]:
        """The address of what is drawn now: step, seed and replica."""
        return self._address, int(self.constants.seed), int(self.constants.replica)

    def update_levels_if_due(self) -> None:
        """Compute the levels of matched noise, if they are due before the next step."""
        if self._matched is not None and self._matched.due(self.step):
            self._update_levels()

    def use_threads(self, count: int) -> None:
        """Draw entries on so many threads; the bits do not depend on it."""
        self._directions.hands = count

    @property
    def can_draw(self) -> bool:
        """Whether entries can be drawn: not after a start from entries that are not kept."""
        return self._known

    def entries(self) -> Entries:
        """Draw the entries of A.

        Raises
        ------
        InputError
            If the run started from entries that are not kept.
        """
        if not self._known:
            raise InputError(
                f"the {self.name} engine has no entries: {self._why_not}; take "
                f'dynamics.engine = "{self._with_entries}"'
            )
        if self._rests().any():
            self._set_since(self._directions.draw(self.here, self._since))
        return self._entries()

    @property
    def is_empty(self) -> bool:
        """Whether all entries off the support are at 0."""
        return False

    def _begin_with(self, given: GivenDirections) -> None:
        """Begin with the directions of a start, which are known."""
        self._directions.give(given)
        self._set_since(np.ones(len(self._rests())))
        self._known = True

    def draw_last(self) -> None:
        """Draw the entries, if the last state is to have them."""
        if self._keeps_last and self._known:
            self.entries()

    def snapshot(self) -> State:
        """Return the state with all entries of A, which are drawn as they are read."""
        return self._snapshot(self.entries())

    def snapshot_form(self) -> State:
        """Return arrays of the shapes and types of :meth:`snapshot`, without a draw."""
        return self._snapshot(None)

    def _snapshot(self, entries: Entries | None) -> State:
        raise NotImplementedError

    def _bulk(self, entries: Entries | None) -> Any:
        return DrawnBulk((self.task.N, self.task.T), entries)

    def normalized(self, threshold: float) -> tuple[Row, int]:
        """Return the observables of a normalised copy of the state; see :class:`Engine`.

        They are NaN if entries cannot be drawn, or are too many to be drawn unasked.
        """
        if not (self._draws and self._known):
            return np.full(len(NAMES), np.nan), 0
        return super().normalized(threshold)

    def _normalized_columns(
        self, threshold: float, in_place: bool
    ) -> tuple[NormalizedColumns, int]:
        columns, none = self.entries().normalized(threshold)
        return columns, int(none.sum())

    def normalize(self, threshold: float) -> tuple[Row, int]:
        """Refuse: what is left has no uniform direction."""
        raise InputError(f"the {self.name} engine has no entries to normalise")

    def state(self) -> State:
        """Return the arrays of the state, which with ``step`` is complete; views, not copies."""
        return super().state() | self._state_of_directions()

    def _state_of_directions(self) -> State:
        known = np.array([float(self._known)])
        return {**self._directions.state(self._since), "known": known}

    def before_draw(self) -> State:
        """Return what a draw of entries changes in the state, as it is now; copies."""
        return kept_before(len(self._directions.drawn), self._changed_by_draw())

    def _changed_by_draw(self) -> State:
        """Return the arrays that a draw changes, without those of the draws themselves."""
        return {"since": self._since}

    def restore(self, step: int, state: State) -> None:
        """Continue from a state returned by :meth:`state`, to the same bits."""
        self._take_up_directions(state)
        super().restore(step, {**self.state(), **state, **self._state_of_directions()})

    def _take_up_directions(self, state: State) -> None:
        """Take up what is known of directions in a state; one of an earlier version has none."""
        self._known = "known" in state and bool(state["known"][0])
        if "drawn" in state:
            self._set_since(self._directions.restore(state))

    def _require_rule(self, stage: Stage) -> None:
        """Raise InputError if the rule of a stage needs entries."""
        if not ENGINES[self.name].takes(rule_record(stage.rule)):
            raise InputError(f"the {self.name} engine has no {stage.rule}: that needs entries")
