"""simulate_shared(): one dense run over the ranks of MPI, to the bits of a run without."""

from __future__ import annotations

import os
from collections.abc import Callable

from scbsim.engines.plan import Choice, RunPlan
from scbsim.engines.random_stream import StreamStart
from scbsim.engines.select import keeps_matrix_V, plan_of
from scbsim.errors import InputError, OutputError
from scbsim.kernels.compile.threads import most_threads, sharing
from scbsim.mpi.engine import SharedEngine
from scbsim.mpi.loop import SharedLoop
from scbsim.mpi.session import SharedSession
from scbsim.mpi.shareable import require_columns, require_shareable
from scbsim.mpi.world import World
from scbsim.run.ensemble import Ensemble
from scbsim.run.progress import Progress
from scbsim.run.provenance import provenance
from scbsim.run.simulate import Ended, closing, label_of, require_sizes, stream_of, task_of
from scbsim.spec import RunSpec
from scbsim.storage.runfile.loading import load
from scbsim.storage.runfile.reader import last_state
from scbsim.storage.runfile.status import run_status
from scbsim.task import Task
from scbsim.task.sparse_bigram import WITHOUT_P
from scbsim.trajectory.dataset import Trajectory
from scbsim.trajectory.header import RunHeader
from scbsim.util.memory import require
from scbsim.util.paths import resolved
from scbsim.util.thread_pool import ThreadPool

_KERNELS = ("observe", "coupling_of", "begin_step", "end_step", "normalize_columns")
"""What a run calls, in the order in which it begins to."""


def simulate_shared(
    world: World,
    spec: RunSpec,
    *,
    output: str | os.PathLike[str],
    progress: bool = False,
    overwrite: bool = False,
    resume: bool = False,
    threads: int | None = None,
    stop: Callable[[], bool] | None = None,
) -> Trajectory | None:
    """Run a spec on all ranks of a world together; each calls this with the same.

    Parameters as :func:`run_shared_to_file`.

    Returns
    -------
    xarray.Dataset or None
        As :func:`scbsim.simulate` gives it, on rank 0; None on the others.
    """
    output = resolved(output)
    run_shared_to_file(
        world,
        spec,
        output=output,
        progress=progress,
        overwrite=overwrite,
        resume=resume,
        threads=threads,
        stop=stop,
    )
    return world.on_root(lambda: load(output, lazy=True))


def run_shared_to_file(
    world: World,
    spec: RunSpec,
    *,
    output: str | os.PathLike[str],
    progress: bool = False,
    overwrite: bool = False,
    resume: bool = False,
    threads: int | None = None,
    stop: Callable[[], bool] | None = None,
) -> Ended:
    """Run a spec on all ranks of a world together, and read no row back.

    Parameters
    ----------
    world : World
    spec, output, progress, overwrite, resume
        As :func:`scbsim.simulate`; a run may have been begun with any number of ranks, or none.
    threads : int, optional
        Of each rank; as many as its node has for it unless given.
    stop : callable, optional
        As there. If it says True on one rank, all stop at the same step.

    Returns
    -------
    Ended
        On all ranks.

    Raises
    ------
    SpecError, InputError
        If the run is not one that can be shared.
    RemoteRankError
        On ranks other than the one where something went wrong.
    """
    world.collective(lambda: require_shareable(spec, world.size))
    with SharedSession(
        world, output, spec, overwrite=overwrite, resume=resume, stop=stop
    ) as session:
        if session.finished:
            found: str = world.bcast(world.on_root(lambda: run_status(session.path).status))
            return Ended(found, was_finished=True)
        status = _run(world, spec, session, progress=progress, threads=threads, stop=stop)
        if status in ("complete", "diverged"):
            session.tidy()
        return Ended(status)


def _run(
    world: World,
    spec: RunSpec,
    session: SharedSession,
    *,
    progress: bool,
    threads: int | None,
    stop: Callable[[], bool] | None,
) -> str:
    point = session.point
    task = point.task if point and point.task else None
    if task is None:
        # Drawn once: on another processor its last bits may differ.
        task = world.bcast(world.on_root(lambda: _task_anew(spec, session)))
    assert task is not None
    processors = world.processors()
    plan, most = world.collective(lambda: _means(world, spec, task, session, threads))
    stream = point.stream if point else world.bcast(world.on_root(lambda: stream_of(spec)))
    quiet = not (progress and world.is_root)
    shown = Progress(spec.total_steps, quiet=quiet, kernels=_KERNELS)
    label = f"{label_of(plan)}, {world.size} ranks"
    with shown.preparing(label), sharing(most if threads else min(most, processors)) as count:
        engine = world.collective(lambda: _built(world, plan, count, stream))
        if spec.init.from_ is not None and not (point and point.position):
            path = spec.init.from_
            there, state = world.collective(lambda: last_state(path, world.share))
            world.collective(lambda: require_sizes(path, there, task))
            engine.adopt(state, there)
        carried = point.carried() if point else {"stream": stream}
        made = {**provenance(plan.choice, count, _source(spec)), "ranks": world.size}
        header = RunHeader(plan, made, **carried)
        recorder = session.recorder(header, engine.state())
        asked = stop or (lambda: False)
        with ThreadPool(1) as pool, closing(recorder, shown) as run:
            shown.start(label)
            ensemble = Ensemble([engine], plan.stages, pool, spec.output.normalize_level)
            loop = SharedLoop(
                world,
                ensemble,
                spec.output,
                recorder,
                session,
                stop=lambda: world.any(asked()),
                tell=shown.update,
            )
            run.status = loop.run()
    return run.status


def _task_anew(spec: RunSpec, session: SharedSession) -> Task:
    """Return the task of a spec; the same as before, of a run whose file is gone."""
    task = task_of(spec, None)
    if session.point:
        session.point.require_task(session.path, task)
    return task


def _source(spec: RunSpec) -> str:
    return "read" if spec.task.from_ else "drawn"


def _means(
    world: World, spec: RunSpec, task: Task, session: SharedSession, threads: int | None
) -> tuple[RunPlan, int]:
    """Return the plan and the most threads of a rank, if the run can be shared by so many."""
    point = session.point
    if point and point.engine not in ("", "dense"):
        raise OutputError(
            f'{session.path} was begun by the engine "{point.engine}", which is not shared over '
            "ranks: resume it without MPI"
        )
    require_columns(task.N, world.size)
    why = f"its columns are shared out over {world.size} ranks"
    matrix_V = keeps_matrix_V(spec, task, "dense")
    if point and point.position:
        matrix_V = bool(point.position.any_state["W"].size)
    elif point and point.engine:
        matrix_V = point.matrix_V
    if matrix_V and task.P is None:
        raise InputError(WITHOUT_P)
    columns = world.columns(task.N)
    # What is taken up has been read, and so is there already.
    kept = 0 if point and point.position else columns.stop - columns.start
    needed = SharedEngine.needs(task, spec.dynamics.precision, kept, value=matrix_V)
    what = f"{world.here} ranks of the dense engine on this node, at N = {task.N}, T = {task.T},"
    require(needed * world.here, f"a node with {what}", "take more nodes, or smaller N or T")
    plan = plan_of(spec, task, choice=Choice("dense", why, matrix_V))
    return plan, most_threads(threads)


def _built(world: World, plan: RunPlan, count: int, stream: StreamStart) -> SharedEngine:
    spec, task = plan.spec, plan.task
    stream.require_room(spec.total_steps)
    from_signals = spec.init.from_ is None
    return SharedEngine(
        world,
        task,
        plan.levels,
        alpha_A=spec.init.alpha_A if from_signals else 0.0,
        alpha_V=spec.init.alpha_V if from_signals else 0.0,
        seed=spec.seed,
        replica=spec.dynamics.replica,
        dtype=spec.dynamics.precision,
        threads=count,
        value=plan.choice.matrix_V,
        first_step=stream.first_step(),
    )
