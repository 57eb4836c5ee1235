"""The dense engine with its columns distributed over ranks, with the bits of a single one."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from scbsim.engines.base import Block
from scbsim.engines.dense import DenseEngine, adopt_columns, require_length
from scbsim.engines.gaussian import GaussianEngine
from scbsim.engines.noise import NoiseLevels
from scbsim.engines.stages import Stage
from scbsim.engines.step_params import of_step
from scbsim.kernels.allocate import aligned_zeros
from scbsim.kernels.gaussian.mpi_step import (
    DISAGREED,
    OVERFLOWED,
    WENT_ON,
    begin_step,
    coupling_of,
    end_step,
)
from scbsim.kernels.gaussian.normalize import NormalizedColumns, make_normalized, normalize_columns
from scbsim.kernels.gaussian.state import make_scratch, without_bulk
from scbsim.kernels.random.normal import BLOCK
from scbsim.mpi.distributed_array import DistributedArray
from scbsim.mpi.world import World
from scbsim.observables import NAMES
from scbsim.state import State
from scbsim.task import Task


class SharedEngine(GaussianEngine):
    """The columns of one rank. Of the other columns it receives a few numbers per step.

    Every rank has all of V and steps it identically, as random numbers depend on addresses only.

    Parameters, other than ``world``, and exceptions are those of
    :class:`scbsim.engines.dense.DenseEngine`.
    """

    name = "dense"

    def __init__(
        self,
        world: World,
        task: Task,
        noise: NoiseLevels,
        *,
        dtype: Any = np.float32,
        threads: int = 1,
        value: bool = True,
        **options: Any,
    ) -> None:
        require_length(task, dtype)
        super().__init__(task, noise, dtype=dtype, bulk=False, value=value, **options)
        N, Q, blocks = task.N, task.Q, -(-task.T // BLOCK)
        self.world = world
        self._firsts = world.firsts(N)
        self._here = world.columns(N)
        here, columns = self._here, self._here.stop - self._here.start
        self.own = self.A._replace(
            bulk=aligned_zeros((columns, task.T), dtype),
            support=self.A.support[here],
            positions=self.A.positions[here],
            weights=self.A.weights[here],
            off_sums=self.A.off_sums[here],
            block_sums=aligned_zeros((columns, blocks, 4)),
            noise=self.A.noise[here],
            first=here.start,
        )
        self.scratch = make_scratch(max(1, min(threads, columns * blocks)), N, dtype)
        self._counts = np.diff(self._firsts)
        self._message = np.empty((world.size + N, 2 + Q))
        begin = here.start + world.rank
        self._mine = self._message[begin : begin + columns + 1]

    def advance(self, stage: Stage, steps: int, before: int = 0) -> Block:
        """Take up to ``steps`` steps of a stage, of which it has taken ``before``."""
        rows, row, coupled = np.empty((steps, len(NAMES))), np.empty(len(NAMES)), np.empty(4)
        model = self._model._replace(A=without_bulk(self.A))
        own = self._model._replace(A=self.own)
        params, here = self._step_params(stage, (before, steps)), self._here
        own_params = params._replace(sigma_A=params.sigma_A[here], threshold=params.threshold[here])
        coupling_of(model, coupled, row)
        for taken in range(steps):
            at = self._address + taken
            of_own, of_all = of_step(own_params, taken), of_step(params, taken)
            begin_step(own, of_own, coupled, at, self.scratch, self._mine)
            self.world.exchange(self._message, 1 + self._counts)
            how = end_step(model, of_all, coupled, self._message, self._firsts, row)
            if how == DISAGREED:
                self.world.fail(
                    f"after step {self.step + taken + 1} the bits of V differ between ranks: their "
                    "processors or versions of numba differ. Run on nodes of one kind"
                )
            if how == OVERFLOWED:
                return self._block(rows[:taken], "diverged")
            assert how == WENT_ON
            rows[taken] = row
            if max(row[0], row[1]) >= params.until_signal:
                return self._block(rows[: taken + 1], "signal")
        return self._block(rows, "steps")

    def _block(self, rows: NDArray[np.float64], end: str) -> Block:
        self.step += len(rows)
        return Block(rows, end)

    def _normalized_columns(
        self, threshold: float, in_place: bool
    ) -> tuple[NormalizedColumns, int]:
        N, Q = self.A.support.shape
        own = make_normalized(self.own, self.sums[self._here])
        count = normalize_columns(self.own, self.constants, threshold, in_place, own)
        found = np.empty((N, Q + 3))
        found[self._here] = np.column_stack([own.support, own.off_sums, own.masses])
        self.world.exchange(found, self._counts)
        support, off_sums, masses = map(np.ascontiguousarray, np.split(found, [Q, Q + 2], axis=1))
        everywhere = sum(self.world.comm.allgather(int(count)))
        return NormalizedColumns(support, off_sums, masses[:, 0], self.sums), everywhere

    def state(self) -> State:
        """Return the state: ``bulk`` as a :class:`DistributedArray`, and views of the others."""
        bulk: Any = DistributedArray(self.world, self.own.bulk, self.task.N)
        return {"bulk": bulk, **super().state()}

    def restore(self, step: int, state: State) -> None:
        """Set the state. Its ``bulk`` has the columns of this rank, and is not copied."""
        self.own = self.own._replace(bulk=state["bulk"])
        self.step = step
        for name, array in super().state().items():
            array[...] = state[name]
        self._set_mean()

    def adopt(self, state: State, old: Task) -> None:
        """Start from the last state of a run on ``old``, a task of the same N and T.

        A ``bulk`` in the state has the columns of this rank.
        """
        adopt_columns(self.own, state, old, self.task)
        Q = self.task.Q
        found = np.concatenate([self.A.support, self.A.off_sums], axis=1)
        self.world.exchange(found, self._counts)
        self.A.support[:], self.A.off_sums[:] = found[:, :Q], found[:, Q:]
        self._adopt_value(state, old)

    @staticmethod
    def needs(task: Task, dtype: Any, columns: int, *, value: bool) -> int:
        """Return the bytes of the matrices of a rank with ``columns`` columns."""
        of_all = DenseEngine.needs(task, dtype, value=value)
        return of_all - (task.N - columns) * task.T * int(np.dtype(dtype).itemsize)
