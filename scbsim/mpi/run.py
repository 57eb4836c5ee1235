"""simulate_shared(): one dense run over the ranks of MPI, with the bits of a run in one process."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Unpack

from scbsim.engines.plan import Choice, RunPlan
from scbsim.engines.random_stream import StreamStart
from scbsim.engines.rule_check import require_sound_rules
from scbsim.engines.select import keeps_matrix_V, plan_of
from scbsim.errors import InputError, OutputError
from scbsim.kernels.compile.threads import most_threads, sharing
from scbsim.mpi.engine import SharedEngine
from scbsim.mpi.session import SharedSession
from scbsim.mpi.shareable import require_columns, require_shareable
from scbsim.mpi.world import World
from scbsim.run.ensemble import Ensemble
from scbsim.run.execution import Execution, RunOptions
from scbsim.run.on_block import BlockCalls
from scbsim.run.simulate import Ended
from scbsim.run.start import require_sizes
from scbsim.spec import RunSpec
from scbsim.storage.runfile.loading import load
from scbsim.storage.runfile.reader import last_state
from scbsim.storage.runfile.status import run_status
from scbsim.task import Task
from scbsim.task.sparse_bigram import WITHOUT_P
from scbsim.trajectory.dataset import Trajectory
from scbsim.util.memory import require
from scbsim.util.paths import resolved
from scbsim.util.text import counted
from scbsim.util.thread_pool import ThreadPool


def simulate_shared(
    world: World,
    spec: RunSpec,
    *,
    output: str | os.PathLike[str],
    overwrite: bool = False,
    resume: bool = False,
    **options: Unpack[RunOptions],
) -> Trajectory | None:
    """Run a spec on all ranks of a world together; each calls this with the same arguments.

    Parameters and exceptions are those of ``run_shared_to_file``.

    Returns
    -------
    xarray.Dataset or None
        That of :func:`scbsim.simulate` on rank 0, None on the others.
    """
    output = resolved(output)
    run_shared_to_file(world, spec, output=output, overwrite=overwrite, resume=resume, **options)
    return world.on_root(lambda: load(output, lazy=True))


def run_shared_to_file(
    world: World,
    spec: RunSpec,
    *,
    output: str | os.PathLike[str],
    overwrite: bool = False,
    resume: bool = False,
    **options: Unpack[RunOptions],
) -> Ended:
    """Run a spec into a file on all ranks of a world together, and return how it ended.

    Parameters
    ----------
    spec, output, progress, overwrite, resume
        As in :func:`scbsim.simulate`. A run may be resumed with any number of ranks, or without
        MPI.
    threads : int, optional
        Of each rank; by default its share of the node's processors.
    stop, on_block : callable, optional
        As there, on each rank. If one returns True on one rank, all stop at the same step.

    Raises
    ------
    SpecError, InputError
        If the run cannot be shared.
    RemoteRankError
        If another rank failed.
    """
    if options.get("observe"):
        raise InputError("observe: a run shared over ranks calls no functions; run it without MPI")
    world.collective(lambda: require_shareable(spec, world.size))
    stop = options.get("stop")
    with SharedSession(
        world, output, spec, overwrite=overwrite, resume=resume, stop=stop
    ) as session:
        if session.finished:
            status = world.bcast(world.on_root(lambda: run_status(session.path).status))
            return Ended(status, was_finished=True)
        _, status = SharedExecution(world, spec, session, **options).run()
        return Ended(status)


class SharedExecution(Execution):
    """A run on one rank. Its steps are collective."""

    def __init__(
        self, world: World, spec: RunSpec, session: SharedSession, **options: Unpack[RunOptions]
    ) -> None:
        super().__init__(spec, session, **options)
        self.world = world
        self.facts = {"ranks": world.size}
        self.agree = world.bcast  # clocks differ, so rank 0 paces the run
        self.progress = self.progress and world.is_root

    def _stopping(self, calls: BlockCalls) -> Callable[[], bool]:
        stop = super()._stopping(calls)
        return lambda: self.world.any(stop())

    def _task(self) -> Task:
        if self.point and self.point.task:
            return self.point.task
        # Rank 0 draws it for all: on another processor the last bits could differ.
        task: Task = self.world.bcast(self.world.on_root(super()._task))
        return task

    def _plan(self, task: Task) -> RunPlan:
        return self.world.collective(lambda: self._shared_plan(task))

    def _shared_plan(self, task: Task) -> RunPlan:
        """Return the plan, if this many ranks can share the run."""
        spec, world, point = self.spec, self.world, self.point
        if point and point.engine not in ("", "dense"):
            assert self.session is not None
            raise OutputError(
                f'{self.session.path} was begun by the engine "{point.engine}", which cannot be '
                "shared over ranks: resume it without MPI"
            )
        require_columns(task.N, world.size)
        matrix_V = keeps_matrix_V(spec, task, "dense")
        if point and point.position:
            matrix_V = bool(point.position.any_state["W"].size)
        elif point and point.engine:
            matrix_V = point.matrix_V
        if matrix_V and task.P is None:
            raise InputError(WITHOUT_P)
        columns = world.columns(task.N)
        # The bulk of a resumed run is in memory already.
        new = 0 if point and point.position else columns.stop - columns.start
        needed = SharedEngine.needs(task, spec.dynamics.precision, new, value=matrix_V)
        what = (
            f"{counted(world.here, 'rank')} of the dense engine on this node, at N = {task.N}, "
            f"T = {task.T},"
        )
        require(needed * world.here, f"a node with {what}", "take more nodes, or smaller N or T")
        self._most_threads = most_threads(self.threads)
        why = f"its columns are shared out over {counted(world.size, 'rank')}"
        return plan_of(spec, task, choice=Choice("dense", why, matrix_V))

    def _new_stream(self) -> StreamStart:
        stream: StreamStart = self.world.bcast(self.world.on_root(super()._new_stream))
        return stream

    def _warn_of_space(self, plan: RunPlan) -> None:
        if self.world.is_root:
            super()._warn_of_space(plan)

    def _label(self, plan: RunPlan) -> str:
        return f"{super()._label(plan)}, {counted(self.world.size, 'rank')}"

    def _kernels(self, plan: RunPlan) -> tuple[str, ...]:
        return ("observe", "coupling_of", "begin_step", "end_step", "normalize_columns")

    @contextmanager
    def _build(self, plan: RunPlan, stream: StreamStart) -> Iterator[Ensemble]:
        world, threads = self.world, self._most_threads
        processors = world.processors()
        if not self.threads:
            threads = min(threads, processors)
        with sharing(threads) as count, ThreadPool(1) as pool:
            engine = world.collective(lambda: self._engine(plan, stream, count))
            if path := self._start_file():
                old, state = world.collective(lambda: last_state(path, world.share))
                world.collective(lambda: require_sizes(path, old, plan.task))
                engine.adopt(state, old)
            level = self.spec.output.normalize_level
            yield Ensemble([engine], plan.stages, pool, level, count)

    def _engine(self, plan: RunPlan, stream: StreamStart, threads: int) -> SharedEngine:
        spec = self.spec
        stream.require_room(spec.total_steps)
        require_sound_rules(plan)
        from_signals = spec.init.from_ is None
        return SharedEngine(
            self.world,
            plan.task,
            plan.levels,
            alpha_A=spec.init.alpha_A if from_signals else 0.0,
            alpha_V=spec.init.alpha_V if from_signals else 0.0,
            seed=spec.seed,
            replica=spec.dynamics.replica,
            dtype=spec.dynamics.precision,
            threads=threads,
            value=plan.choice.matrix_V,
            first_step=stream.first_step(),
        )
