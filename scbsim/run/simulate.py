"""simulate(): from a spec to a trajectory, in memory or in a file."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

from scbsim.engines.plan import Choice, RunPlan
from scbsim.engines.random_stream import ORIGIN, StreamStart
from scbsim.engines.select import begun_by, plan_of
from scbsim.errors import Fault, InputError, SpecError, TaskError
from scbsim.run.ensemble import Ensemble, assembled, threads_for
from scbsim.run.loop import Loop
from scbsim.run.progress import Progress
from scbsim.run.provenance import provenance
from scbsim.run.recorders import MemoryRecorder, Recorder
from scbsim.spec import RunSpec
from scbsim.task import Task
from scbsim.trajectory.dataset import Trajectory
from scbsim.trajectory.header import RunHeader
from scbsim.util.memory import require_task
from scbsim.util.paths import resolved

if TYPE_CHECKING:
    from scbsim.storage.checkpoint.resume_point import ResumePoint
    from scbsim.storage.session import Session


def simulate(
    spec: RunSpec,
    *,
    task: Task | None = None,
    output: str | os.PathLike[str] | None = None,
    progress: bool = False,
    overwrite: bool = False,
    resume: bool = False,
    threads: int | None = None,
    stop: Callable[[], bool] | None = None,
) -> Trajectory:
    """Run a spec.

    Parameters
    ----------
    spec : RunSpec
        What to run.
    task : Task, optional
        A task of one's own, with the sizes, and the ``K_P`` if any, that the spec says; drawn or
        read by the spec unless given.
    output : path, optional
        HDF5 file to stream the trajectory to, readable while it grows. In memory only unless
        given.
    progress : bool
        Tell stderr how the run is doing.
    overwrite : bool
        Replace ``output`` if it exists, once the new file stands.
    resume : bool
        Go on with the run that ``output`` holds, to the same bits as if it had never ended. No
        file: start. A complete one: nothing to do, unless the last stage is longer now.
    threads : int, optional
        As many as the machine has unless given. The numbers do not depend on it.
    stop : callable, optional
        Asked between blocks of steps, several times a second; when it says True the run ends
        early, with a checkpoint beside ``output``.

    Returns
    -------
    xarray.Dataset
        The observables along ``step``, the normalised ones along ``normalization``; ``status`` is
        ``complete``, ``diverged`` or ``stopped``. With an output its columns are read from the
        file when they are used; ``.load()`` reads them all, as :func:`scbsim.load` does.

    Raises
    ------
    TaskError
        If the task is not one, or not of the spec's sizes.
    InputError
        If there are not so many threads.
    MemoryNeeded
        If the state does not fit; nothing was made, no file either.
    OutputError
        If ``output`` exists, holds another run, or one of another task, or cannot be written.
    RunFailed
        If a write fails or another process writes ``output``; what was committed is whole. If the
        file that is to be taken up could not be checked; it is left as it is.
    Stopped
        If ``stop`` says so while that file is checked; it is left as it is.

    Notes
    -----
    An interrupt leaves a file of what was recorded, ``stopped``, and is passed on.

    The dynamics: docs/model.md, sections 2 to 5, after Lemmas C.5 and C.6 of the paper.
    """
    if output is None:
        if resume or overwrite:
            raise InputError("resume and overwrite are about an output, and none is given")
        if spec.output.snapshot_every:
            raise InputError("output.snapshot_every: snapshots go to a file, and none is given")
        recorder, _ = _simulate(spec, task, None, progress=progress, threads=threads, stop=stop)
        return recorder.trajectory()
    from scbsim.storage.runfile.loading import load

    output = resolved(output)
    run_to_file(
        spec,
        output,
        task=task,
        progress=progress,
        overwrite=overwrite,
        resume=resume,
        threads=threads,
        stop=stop,
    )
    return load(output, lazy=True)


class Ended(NamedTuple):
    """How a run ended, and whether it had before it was asked for."""

    status: str
    was_finished: bool = False


def run_to_file(
    spec: RunSpec,
    output: str | os.PathLike[str],
    *,
    task: Task | None = None,
    progress: bool = False,
    overwrite: bool = False,
    resume: bool = False,
    threads: int | None = None,
    stop: Callable[[], bool] | None = None,
) -> Ended:
    """Run a spec into a file, and return how the run ended; parameters as :func:`simulate`.

    No row is read back, so the memory that a run takes does not grow with its length.
    """
    from scbsim.storage.runfile.status import run_status
    from scbsim.storage.session import Session

    with Session(output, spec, overwrite=overwrite, resume=resume, task=task, stop=stop) as session:
        if session.finished:
            return Ended(run_status(session.path).status, was_finished=True)
        _, status = _simulate(spec, task, session, progress=progress, threads=threads, stop=stop)
        return Ended(status)


def _simulate(
    spec: RunSpec,
    task: Task | None,
    session: Session | None,
    *,
    progress: bool,
    threads: int | None,
    stop: Callable[[], bool] | None,
) -> tuple[MemoryRecorder, str]:
    point = session.point if session else None
    source = "given" if task else "read" if spec.task.from_ else "drawn"
    task = task_of(spec, point.task if point and point.task else task)
    if session and point:
        point.require_task(session.path, task)
    plan = _plan(spec, task, point)
    stream = point.stream if point else stream_of(spec)
    label = label_of(plan)
    shown = Progress(spec.total_steps, quiet=not progress, kernels=plan.kernels)
    with (
        shown.preparing(label),
        assembled(
            plan, spec.output.normalize_level, threads_for(threads, plan), stream
        ) as ensemble,
    ):
        if spec.init.from_ is not None and not (point and point.position):
            start_from(spec.init.from_, ensemble, task)
        carried = point.carried() if point else {"stream": stream}
        header = RunHeader(plan, provenance(plan.choice, ensemble.threads, source), **carried)
        memory = MemoryRecorder(header)
        engine = ensemble.replicas[0].engine
        recorder: Recorder = memory
        if session:
            recorder = session.recorder(header, engine.state(), engine.snapshot())
        with closing(recorder, shown) as run:
            shown.start(label)
            loop = Loop(ensemble, spec.output, recorder, session, stop=stop, tell=shown.update)
            run.status = loop.run()
    if session and run.status in ("complete", "diverged"):
        session.tidy()
    return memory, run.status


def label_of(plan: RunPlan) -> str:
    """Return the progress-bar label."""
    R, task = plan.spec.dynamics.replicas, plan.task
    return f"N={task.N} T={task.T:g} {plan.stages[0].rule}{f' x{R}' if R > 1 else ''}"


def task_of(spec: RunSpec, task: Task | None) -> Task:
    """Return the task of a run: the one given, if it is of the spec's sizes, or the spec's.

    Raises
    ------
    TaskError
        If it is not one, or not of those sizes.
    """
    if task is None:
        if spec.task.N is not None and spec.task.K_P is None:
            require_task(spec.task.N)
        return Task.from_spec(spec.task)
    faults = [
        Fault(f"task.{name}", f"{wanted} in the spec, {getattr(task, name)} in the task given")
        for name in ("N", "T", "Q", "K_P")
        if (wanted := getattr(spec.task, name)) is not None and wanted != getattr(task, name)
    ]
    if faults:
        raise TaskError(faults)
    return task


def _plan(spec: RunSpec, task: Task, point: ResumePoint | None) -> RunPlan:
    """Work out a run; its engine is the one that it began with, or that the spec asks for."""
    if point and point.engine:
        return plan_of(spec, task, choice=Choice(point.engine, "as the run began", point.matrix_V))
    if point and point.position:
        return plan_of(spec, task, choice=begun_by(point.position.any_state))
    return plan_of(spec, task, start=_engine_of_start(spec))


def _engine_of_start(spec: RunSpec) -> str | None:
    """Return the engine that left the state from which a run starts, if it starts from one."""
    from scbsim.storage.description import describe

    path = spec.init.from_
    return None if path is None else str(describe(path)["provenance"]["engine"])


def stream_of(spec: RunSpec) -> StreamStart:
    """Return where the noise of a new run begins: after that of the run it starts from, if any."""
    from scbsim.storage.runfile.stream_start import stream_after

    return ORIGIN if spec.init.from_ is None else stream_after(spec.init.from_)


def start_from(path: str, ensemble: Ensemble, task: Task) -> None:
    """Put every replica at the last state of another run."""
    from scbsim.storage.runfile.reader import last_state

    there, state = last_state(path)
    require_sizes(path, there, task)
    for replica in ensemble.replicas:
        replica.engine.adopt(state, there)


def require_sizes(path: str, there: Task, here: Task) -> None:
    """Refuse to start from a state of other sizes.

    Raises
    ------
    SpecError
    """
    faults = [
        Fault("init.from", f"{path} has {name} = {getattr(there, name)}, and this run {wanted}")
        for name in ("N", "T")
        if (wanted := getattr(here, name)) != getattr(there, name)
    ]
    if faults:
        raise SpecError(faults)


class _Run:
    """How a run ended, as far as is known."""

    status = "failed"


@contextmanager
def closing(recorder: Recorder, shown: Progress) -> Iterator[_Run]:
    """Close both when the run ends, however it does; the recorder last, and come what may."""
    run = _Run()
    try:
        try:
            yield run
        except KeyboardInterrupt:
            run.status = "stopped"
            raise
        finally:
            shown.close(run.status)
    finally:
        recorder.close(run.status)
