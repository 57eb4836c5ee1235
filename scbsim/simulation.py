"""simulate(): the only loop in the project."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from time import perf_counter

import numpy as np
from numpy.typing import NDArray

from scbsim.engines.base import Engine, Row
from scbsim.engines.choose import build, choose
from scbsim.errors import Fault, InputError, TaskError
from scbsim.memory import require_task
from scbsim.provenance import provenance
from scbsim.recorders import MemoryRecorder, ProgressRecorder, Recorder
from scbsim.run_header import RunHeader
from scbsim.spec import RunSpec
from scbsim.stages import Stage, stages_of
from scbsim.task import Task
from scbsim.trajectory import NormalizedRow, StageEnd, Trajectory

_BLOCK_SECONDS = 0.25
_BLOCK_STEPS = 8192
_THREADS_FROM = 100_000  # entries; below, starting threads costs more than they save


def simulate(
    spec: RunSpec,
    *,
    task: Task | None = None,
    output: str | os.PathLike[str] | None = None,
    progress: bool = False,
    overwrite: bool = False,
    threads: int | None = None,
    stop: Callable[[], bool] | None = None,
) -> Trajectory:
    """Run a spec.

    Parameters
    ----------
    spec : RunSpec
        What to run.
    task : Task, optional
        A task of one's own, with the sizes that the spec says; drawn or read by the spec unless
        given.
    output : path, optional
        HDF5 file to stream the trajectory to, readable while it grows. In memory only unless
        given.
    progress : bool
        Tell stderr how the run is doing.
    overwrite : bool
        Replace ``output`` if it exists.
    threads : int, optional
        As many as the machine has unless given. The numbers do not depend on it.
    stop : callable, optional
        Asked between blocks of steps, several times a second; the run ends early when it says
        True.

    Returns
    -------
    xarray.Dataset
        The observables along ``step``, the normalised ones along ``normalization``; ``status`` is
        ``complete``, ``diverged`` or ``stopped``. The same as :func:`scbsim.load` gives of the
        file.

    Raises
    ------
    TaskError
        If the task is not one, or not of the spec's sizes.
    InputError
        If there are not so many threads.
    MemoryNeeded
        If the state does not fit; nothing was made, no file either.
    OutputError
        If ``output`` exists, or there can be no such file.
    RunFailed
        If ``output`` could not be written to its end: a full disk.

    Notes
    -----
    An interrupt leaves a file of what was recorded, ``stopped``, and is passed on.

    The dynamics: docs/model.md, sections 2 to 5, after Lemmas C.5 and C.6 of the paper.
    """
    memory = MemoryRecorder()
    recorders: list[Recorder] = [memory]
    if output is not None:
        from scbsim.storage.writer import FileRecorder

        recorders = [FileRecorder(output, overwrite=overwrite)]
    task = _task_of(spec, task)
    choice = choose(spec)
    size = task.N * task.T if choice.name == "dense" else task.N
    count = _threads(threads, size)
    engine = build(choice, spec, task, count)
    header = RunHeader(spec, task, provenance(choice, count))
    if progress:
        from scbsim.progress import Progress

        label = f"N={task.N} T={task.T:g} {spec.rule_of(0)}"
        recorders.append(ProgressRecorder(Progress(spec.total_steps), label))
    with _numba_threads(count), _recording(recorders, header) as ended:
        ended.status = _run(engine, stages_of(spec, task), spec, recorders, stop)
    if output is None:
        return memory.trajectory()
    from scbsim.storage.reader import load

    return load(output)


def _run(
    engine: Engine,
    stages: Sequence[Stage],
    spec: RunSpec,
    recorders: Sequence[Recorder],
    stop: Callable[[], bool] | None,
) -> str:
    """Take the stages in order; return how the run ended."""
    log = _Log(recorders, spec.output.every)
    log.add(engine.step, stages[0], engine.observe()[None, :])
    for stage in stages:
        end = _run_stage(engine, stage, log, stop)
        if end != "stopped":
            log.stage_ended(StageEnd(stage.index, engine.step, end))
        if end in ("stopped", "diverged"):
            log.finish()
            return end
        if stage.normalize_level is not None:
            log.normalized(engine.step, stage, engine.normalize(stage.normalize_level))
    log.finish()
    log.normalized(engine.step, stages[-1], engine.normalized(spec.output.normalize_level))
    return "complete"


def _run_stage(engine: Engine, stage: Stage, log: _Log, stop: Callable[[], bool] | None) -> str:
    left, pace = stage.steps, 1
    while left:
        if stop is not None and stop():
            return "stopped"
        began = perf_counter()
        block = engine.advance(stage, min(pace, left))
        log.add(engine.step, stage, block.rows)
        left -= len(block.rows)
        if block.end != "steps":
            return block.end
        pace = _next_pace(pace, perf_counter() - began)
    return "steps"


def _next_pace(steps: int, seconds: float) -> int:
    """Return how many steps to ask for, so that signals are heard several times a second."""
    fitting = int(steps * _BLOCK_SECONDS / max(seconds, 1e-9))
    # The first call may compile: it says little of the pace, so grow by and by.
    return max(1, min(fitting, 8 * steps, _BLOCK_STEPS))


class _Log:
    """Hands recorders the rows they are to have: every so many, and always the last."""

    def __init__(self, recorders: Sequence[Recorder], every: int) -> None:
        self._recorders = recorders
        self._every = every
        self._unrecorded: tuple[int, Stage, NDArray[np.float64]] | None = None

    def add(self, step: int, stage: Stage, rows: NDArray[np.float64]) -> None:
        """Take the rows of some steps, the last of which is ``step``."""
        if not len(rows):
            return
        steps = np.arange(step - len(rows) + 1, step + 1)
        keep = steps % self._every == 0
        if keep.any():
            self._append(steps[keep], stage, rows[keep])
        self._unrecorded = None if keep[-1] else (step, stage, rows[-1:])

    def finish(self) -> None:
        """Record the last row, if it was not."""
        if self._unrecorded is not None:
            step, stage, rows = self._unrecorded
            self._append(np.array([step]), stage, rows)
            self._unrecorded = None

    def _append(self, steps: NDArray[np.int64], stage: Stage, rows: NDArray[np.float64]) -> None:
        for recorder in self._recorders:
            recorder.append(steps, stage.index, rows)

    def stage_ended(self, end: StageEnd) -> None:
        for recorder in self._recorders:
            recorder.stage_ended(end)

    def normalized(self, step: int, stage: Stage, result: tuple[Row, int]) -> None:
        row, count = result
        for recorder in self._recorders:
            recorder.normalized(NormalizedRow(step, stage.index, count, row))


def _task_of(spec: RunSpec, task: Task | None) -> Task:
    if task is None:
        if spec.task.N is not None:
            require_task(spec.task.N)
        return Task.from_spec(spec.task)
    faults = [
        Fault(f"task.{name}", f"{wanted} in the spec, {getattr(task, name)} in the task given")
        for name in ("N", "T", "Q")
        if (wanted := getattr(spec.task, name)) is not None and wanted != getattr(task, name)
    ]
    if faults:
        raise TaskError(faults)
    return task


def _threads(asked: int | None, entries: int) -> int:
    """Return how many threads to use: one where starting more costs more than it saves."""
    import numba

    there: int = numba.config.NUMBA_NUM_THREADS
    if asked is not None and not 1 <= asked <= there:
        raise InputError(
            f"threads: {asked} asked for; from 1 to {there} can be used here (the environment "
            "variable NUMBA_NUM_THREADS, set before the start, changes that)"
        )
    return 1 if entries < _THREADS_FROM else asked or there


@contextmanager
def _numba_threads(count: int) -> Iterator[None]:
    import numba

    before = numba.get_num_threads()
    numba.set_num_threads(count)
    try:
        yield
    finally:
        numba.set_num_threads(before)


class _Ending:
    """How the run ended, as far as is known."""

    status = "failed"


@contextmanager
def _recording(recorders: Sequence[Recorder], header: RunHeader) -> Iterator[_Ending]:
    """Open the recorders, and close them whatever happens."""
    ending = _Ending()
    with ExitStack() as stack:
        for recorder in recorders:
            recorder.open(header)
            stack.callback(_close, recorder, ending)
        try:
            yield ending
        except KeyboardInterrupt:
            ending.status = "stopped"
            raise


def _close(recorder: Recorder, ending: _Ending) -> None:
    recorder.close(ending.status)
