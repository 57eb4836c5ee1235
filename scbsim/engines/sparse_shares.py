"""Steps of the sparse engine on several threads, where a step has work for them."""

from __future__ import annotations

from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING, Protocol

import numpy as np

from scbsim.engines.base import Row
from scbsim.kernels.gaussian.activations import ActivationRates, NewlyActive
from scbsim.kernels.gaussian.active_set import Entries
from scbsim.kernels.gaussian.dense import DIVERGED, SIGNAL_REACHED, STEPS_DONE
from scbsim.kernels.gaussian.sparse import NO_ROOM
from scbsim.kernels.gaussian.sparse_shares import (
    Regions,
    close_gaps,
    couple_again,
    draw_groups,
    order_groups,
    step_share,
)
from scbsim.kernels.gaussian.state import StepParams
from scbsim.kernels.random.exponential import BATCH
from scbsim.kernels.random.normal import BLOCK
from scbsim.kernels.types import F64, I64, U32, Address, Couplings
from scbsim.observables import NAMES
from scbsim.util.thread_pool import ThreadPool

if TYPE_CHECKING:
    from scbsim.engines.base import Block
    from scbsim.engines.stages import Stage
    from scbsim.kernels.gaussian.state import Model
    from scbsim.kernels.matched.joint_state import JointNoise

_PIECES = 4  # pieces of work for each thread, so that none waits long for the others
_SPREAD = 8.0  # standard deviations of the activations of a group that there is room for
_SPARE = 64
_COLUMN, _ENTRY = 2e-8, 4e-8  # seconds
_LEAST_SECONDS = 4e-3  # of a step on one thread


class Sparse(Protocol):
    """What is used of the sparse engine."""

    @property
    def entries(self) -> Entries: ...  # noqa: D102

    @property
    def joint(self) -> JointNoise | None: ...  # noqa: D102

    @property
    def _model(self) -> Model: ...

    @property
    def _address(self) -> int: ...

    def _room(self, active: int, activations: int) -> None: ...

    def advance(self, stage: Stage, steps: int, before: int = 0) -> Block: ...  # noqa: D102

    def _step_params(self, stage: Stage, span: tuple[int, int] = (0, 1)) -> StepParams: ...


class _Groups:
    """What follows from the rates of a stage."""

    def __init__(self, rates: ActivationRates, T: int) -> None:
        self.rates = rates
        # As those of equal levels do.
        self.ascend = len(rates.columns) > 0 and bool(np.all(np.diff(rates.columns) > 0))
        self._candidates = np.diff(rates.first) * (T * -np.expm1(-rates.rate))
        self.candidates = float(self._candidates.sum())

    def start(self, room: float) -> I64:
        """Return where the region of each group begins; ``room`` is a factor on their sizes."""
        sizes = self._candidates + _SPREAD * np.sqrt(self._candidates) + _SPARE
        return np.concatenate([[0], np.cumsum(np.ceil(room * sizes))]).astype(np.int64)


class Shares:
    """Takes steps of an engine on some threads; its scratch is kept from call to call."""

    def __init__(self, threads: int, N: int) -> None:
        self._threads = threads
        blocks = -(-N // BLOCK)
        count = min(threads * _PIECES, blocks)
        self._columns = np.array([min(N, BLOCK * (blocks * i // count)) for i in range(count + 1)])
        self._columns[-1] = N
        pieces = threads * _PIECES
        self._of_draws = [(np.empty(BATCH), np.empty(2 * BATCH, np.uint32)) for _ in range(pieces)]
        self._groups: _Groups | None = None
        self._room = 1.0
        self._ordered = False
        self._of_steps = [(np.empty(BLOCK), np.empty(2 * BLOCK, np.uint32)) for _ in range(count)]

    def are_worth_it(self, engine: Sparse) -> bool:
        """Return whether the next steps have work for threads, and are of a kind that they take."""
        rates, active, new = engine.entries
        if self._groups is None or self._groups.rates is not rates:
            self._groups = _Groups(rates, int(engine._model.constants.T))
        count = active.first[int(active.now[0]), -1]
        work = _COLUMN * len(engine._model.constants.mu) + _ENTRY * (
            count + self._groups.candidates
        )
        plain = engine.joint is None and engine._model.V.W.size == 0 and isinstance(rates.rule, int)
        worth = plain and self._groups.ascend and work > _LEAST_SECONDS
        if not worth and self._ordered:
            # On one thread activations are drawn without gaps.
            new.order[:] = np.arange(len(new.order))
            self._ordered = False
        return worth

    def advance(self, engine: Sparse, params: StepParams, rows: Row) -> tuple[int, int]:
        """Take a step for each row; parameters and result as `advance_sparse`."""
        assert self._groups is not None
        start = self._groups.start(self._room)
        if start[-1] > engine.entries.new.value.size:
            active = engine.entries.active
            count = int(active.first[int(active.now[0]), -1])
            engine._room(count + int(start[-1]), int(start[-1]))
        self._ordered = True
        model = engine._model
        seed, replica = model.constants.seed, model.constants.replica
        row = np.empty(rows.shape[1])
        at = (np.uint64(engine._address), seed, replica)
        coupled = couple_again(model, params, -1, (0.0, 0.0, 0.0, 0.0), at, row)
        with ThreadPool(self._threads) as pool:
            for taken in range(len(rows)):
                at = (np.uint64(engine._address + taken), seed, replica)
                if not self._step(engine, params, start, (taken, coupled), at, pool):
                    self._room *= 2.0
                    return taken, NO_ROOM
                coupled = couple_again(model, params, taken, coupled, at, row)
                if not np.isfinite(sum(coupled[:3]) + row[4] + row[5] + row[8]):
                    return taken, DIVERGED
                rows[taken] = row
                if max(row[0], row[1]) >= params.until_signal:
                    return taken + 1, SIGNAL_REACHED
        return len(rows), STEPS_DONE

    def _step(
        self,
        engine: Sparse,
        params: StepParams,
        start: I64,
        before: tuple[int, Couplings],
        at: Address,
        pool: ThreadPool,
    ) -> bool:
        """Take a step; return False if it was not begun, as its entries do not fit."""
        entries = engine.entries
        rates, active, new = entries
        taken, coupled = before
        groups = len(rates.rate)
        counts = np.zeros(groups + 1, np.int64)
        begin = np.zeros(len(self._columns) - 1, np.int64)
        regions = Regions(start, counts[:-1].copy(), counts, self._columns, begin, begin.copy())
        numbers = (params, taken, int(engine._model.constants.T))
        edges = pairwise(
            [groups * i // len(self._of_draws) for i in range(len(self._of_draws) + 1)]
        )
        spans = list(edges)
        pool.each(
            [
                partial(draw_groups, rates, numbers, _own(new, scratch), at, regions, span)
                for span, scratch in zip(spans, self._of_draws, strict=True)
            ]
        )
        if (regions.drawn < 0).any():
            return False
        np.cumsum(regions.drawn, out=regions.before[1:])
        first = active.first[int(active.now[0])]
        if first[-1] + regions.before[-1] > active.s.shape[1]:
            return False
        pool.each([partial(order_groups, rates, new, regions, span) for span in spans])
        regions.begin[:] = (first + new.first)[self._columns[:-1]]
        pool.each(
            [
                partial(step_share, engine._model, params, taken, own, coupled, at, (i, regions))
                for i, own in enumerate(self._entries(entries))
            ]
        )
        pool.each([partial(close_gaps, active, regions, what) for what in range(3)])
        active.now[0] = 1 - active.now[0]
        return True

    def _entries(self, entries: Entries) -> list[Entries]:
        """Return the entries with scratch of each share."""
        rates, active, new = entries
        found = []
        for i, (z, words) in enumerate(self._of_steps):
            # The activations of a column are no more than those of its share.
            a, b = new.first[self._columns[i]], new.first[self._columns[i + 1]]
            own = new._replace(fit_position=new.fit_position[a:b], fit_value=new.fit_value[a:b])
            found.append(Entries(rates, active._replace(z=z, words=words), own))
        return found


def warm(engine: Sparse, stage: Stage) -> None:
    """Take a step on threads, however small it is, so that its kernels are compiled."""
    engine.advance(stage, 1)
    shares, params = Shares(2, len(engine._model.constants.mu)), engine._step_params(stage, (1, 1))
    shares.are_worth_it(engine)
    shares.advance(engine, params, np.empty((1, len(NAMES))))


def _own(new: NewlyActive, scratch: tuple[F64, U32]) -> NewlyActive:
    return new._replace(e=scratch[0], words=scratch[1])
