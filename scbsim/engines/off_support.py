"""The base class of engines that keep Q + 2 numbers of each column of A."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import DTypeLike

from scbsim.engines.alike import largest_shares, warn_of_noise, what_stands_out
from scbsim.engines.base import Block, Row
from scbsim.engines.directions import Array, Space
from scbsim.engines.drawn_entries import off_support_entries, space_off_support, with_entries
from scbsim.engines.entries import Entries
from scbsim.engines.gaussian import END
from scbsim.engines.given_direction import MOST_KEPT, given_by
from scbsim.engines.noise import Noise
from scbsim.engines.stages import Stage
from scbsim.engines.warm_start import Columns, entries_of, same_target, split
from scbsim.engines.warm_start import Entries as OfColumns
from scbsim.engines.without_entries import WithoutEntries
from scbsim.errors import InputError
from scbsim.kernels.gaussian.off_support import make_off_support
from scbsim.kernels.gaussian.state import StepParams
from scbsim.observables import NAMES
from scbsim.state import State
from scbsim.task import Task

if TYPE_CHECKING:
    from scbsim.kernels.gaussian.approximate import ScalarNoise
    from scbsim.kernels.gaussian.columns import ColumnsNoise


class OffSupportEngine(WithoutEntries):
    """The support entries of each column, and two numbers for all other entries.

    Parameters as :class:`WithoutEntries`.

    Attributes
    ----------
    off : OffSupport
        The two numbers of every column.
    """

    # Of engines under Gaussian noise: the kernel of steps, and the normals that it draws.
    _advance: Callable[..., tuple[int, int]]
    _normals: ColumnsNoise | ScalarNoise

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
        self.off = make_off_support(task.N, task.T - task.Q)

    def _space(self) -> Space:
        return space_off_support(self.task)

    @property
    def _since(self) -> Array:
        return self.off.since

    def _set_since(self, since: Array) -> None:
        self.off = self.off._replace(since=since)

    def _rests(self) -> Array:
        return self.off.square

    def advance(self, stage: Stage, steps: int, before: int = 0) -> Block:
        """Take up to ``steps`` steps of a stage, of which it has taken ``before``."""
        self._require_rule(stage)
        rows = np.empty((steps, len(NAMES)))
        taken, reason = self._take_steps(self._step_params(stage, (before, steps)), rows)
        self.step += taken
        return Block(rows[:taken], END[reason])

    def _take_steps(self, params: StepParams, rows: Row) -> tuple[int, int]:
        """Take a step for each row; return their number, and the reason of the kernel to end."""
        noise = (self._normals, self._joint)
        given = (self._model, self.off, params, self._address, rows, self.scratch, noise)
        taken, reason = self._advance(*given)
        return int(taken), int(reason)

    @property
    def is_empty(self) -> bool:
        """Whether all entries off the support are at 0."""
        return not (self.off.along.any() or self.off.square.any())

    def _entries(self) -> Entries:
        tops = self._directions.tops()
        return off_support_entries(self._directions, self.task, self.state(), tops)

    def state(self) -> State:
        """Return the arrays of the state, which with ``step`` is complete; views, not copies."""
        return {**super().state(), "off_along": self.off.along, "off_square": self.off.square}

    def _snapshot(self, entries: Entries | None) -> State:
        matched = self._matched.state() if self._matched is not None else {}
        source = self.A if entries is None else entries
        of_A = {"bulk": self._bulk(entries), "support": source.support, "off_sums": source.off_sums}
        return {**of_A, **self._state_of_V(), **matched}

    def _shift_to(self, totals: Array) -> None:
        """Add a number to every entry of each column of s, so that their sums are these, (N,).

        `sampled` keeps columns up to such a number, and their sums beside them.
        """
        support, sums, n = self.A.support, self.A.off_sums, self.task.T - self.task.Q
        by = (totals - support.sum(axis=1) - sums[:, 0]) / self.task.T
        sums[:, 1] += by * (2.0 * sums[:, 0] + n * by)
        sums[:, 0] += n * by
        support += by[:, None]
        self.off.along[:] += by * np.sqrt(max(1, n))

    def adopt(self, state: State, old: Task) -> None:
        """Start from the last state of a run; parameters as :meth:`DenseEngine.adopt`."""
        if "off_along" not in state or not same_target(old, self.task):
            state = with_entries(state, old)
        if "off_along" not in state:
            self._adopt_entries(*split(entries_of(state, old), self.task))
        elif same_target(old, self.task):
            for name in ("support", "off_sums", "off_along", "off_square"):
                self.state()[name][:] = state[name]
            if "totals" in state and "totals" not in self.state():
                self._shift_to(state["totals"])
            self._take_up_directions(state)
        else:
            raise InputError(
                "init.from: that run kept A off its support as two numbers a column, which say "
                "nothing of another target; run it again with output.final_state = true, which "
                "draws its entries"
            )
        self._adopt_value(state, old)

    def _adopt_entries(self, columns: Columns, others: OfColumns) -> None:
        """Set A from its entries, and keep them as the directions of its rests.

        They are not kept if they are too many, or if some stand out: the directions of their rests
        do not turn as this engine draws them (`docs/exactness.md`).
        """
        task, n = self.task, max(1, self.task.T - self.task.Q)
        self.A.support[:], self.A.off_sums[:] = columns
        self.off.along[:] = columns.off_sums[:, 0] / np.sqrt(n)
        self.off.square[:] = np.maximum(columns.off_sums[:, 1] - self.off.along**2, 0.0)
        self._known = not self.off.square.any()
        if self._known:
            return
        why = what_stands_out(largest_shares(columns, others, task), task)
        if why is not None:
            self._why_not = why
            warn_of_noise(why, self._with_entries)
        elif len(others.s) <= MOST_KEPT:
            base = self.off.along / np.sqrt(n)
            listed = np.square(others.s - base[others.column])
            count = np.bincount(others.column, minlength=task.N)
            # The squares of differences, as a difference of squares would lose digits.
            square = np.bincount(others.column, listed, task.N) + (n - count) * base**2
            scale = np.where(self.off.square > 0.0, np.sqrt(square), 0.0)
            self._begin_with(given_by(others, base, scale, np.zeros((task.N, task.Q))))
