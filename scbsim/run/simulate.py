"""simulate(): from a spec to a trajectory, in memory or in a file."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import NamedTuple, Unpack

from scbsim.errors import InputError
from scbsim.run.execution import Execution, RunOptions
from scbsim.run.on_block import OnBlock
from scbsim.run.own_functions import Observe
from scbsim.run.recorders import MemoryRecorder
from scbsim.sampling.batches import Batches
from scbsim.spec import RunSpec
from scbsim.spec.source import SpecLike, spec_of
from scbsim.task import Task
from scbsim.trajectory.dataset import Trajectory
from scbsim.util.paths import resolved


def simulate(
    spec: SpecLike,
    *,
    task: Task | None = None,
    output: str | os.PathLike[str] | None = None,
    progress: bool = False,
    overwrite: bool = False,
    resume: bool = False,
    threads: int | None = None,
    stop: Callable[[], bool] | None = None,
    on_block: OnBlock | None = None,
    observe: Observe | None = None,
    batches: Batches | None = None,
) -> Trajectory:
    """Run a spec.

    Parameters
    ----------
    spec : RunSpec, mapping, path or str
        A spec, its tables as a dict, the path of a TOML file, or the name of a preset.
    task : Task, optional
        A task to use instead of that of the spec. It must have the sizes of the spec, and the
        ``K_P`` if the spec gives one.
    output : path, optional
        HDF5 file for the trajectory, readable while it grows. In memory by default.
    progress : bool
        Show the progress on stderr, or in the notebook that runs it.
    overwrite : bool
        Replace ``output`` if it exists, once the new file is complete.
    resume : bool
        Continue the run in ``output``, with the same bits as without the interruption. Starts a
        run if there is no file. Does nothing if the run is complete, unless its last stage is
        longer now.
    threads : int, optional
        By default all that the machine has. The numbers do not depend on it.
    stop : callable, optional
        Called between blocks of steps, several times a second. If it returns True the run ends
        early, with a checkpoint beside ``output``.
    on_block : callable, optional
        Called as ``on_block(step, stage, observables)`` at the start and between blocks, with the
        last step, its stage and a dict of its observables; for an ensemble these are medians. If it
        returns True the run ends early, as with ``stop``.
    observe : mapping of str to callable, optional
        Observables of one's own, beside those of ``output.observe``: by name, functions that are
        called along the run with its state, a :class:`scbsim.run.state_view.StateView`, and return
        a number, or an array of numbers of a shape that stays the same (docs/extending.md).
        :func:`scbsim.observable` gives a function a period, units and a long name.
    batches : sequence, callable or iterable, optional
        What the engines ``batch`` and ``softmax`` learn from, in place of drawn samples: batch i in
        step i. A batch has tokens (B, T), queries (B,) and outputs (B,), arrays of integers, as a
        sequence of the three or as a dict. A function is called with the number of a batch, from
        0 on, and returns None after the last; another iterable than a sequence cannot be resumed.
        The run is complete when its stages or the batches end.

    Returns
    -------
    xarray.Dataset
        The observables along ``step``, the normalised ones along ``normalization``; those of one's
        own along ``step``, or ``step_100`` if their period is 100 and not ``output.every``.
        ``status`` is ``complete``, ``diverged`` or ``stopped``. With an output, columns are read
        from the file when they are used; ``.load()`` reads them all, as :func:`scbsim.load` does.

    Raises
    ------
    SpecError
        If the spec has faults, or a function in ``observe`` cannot be loaded or used.
    TaskError
        If the task is not valid, or does not have the spec's sizes.
    DataError
        If a batch, or the file of the spec's ``data.from``, does not have samples of the task. The
        rows before it are in the file.
    InputError
        If there are fewer threads than asked for, or neither a file nor a preset of that name.
    MemoryNeeded
        If the state does not fit into memory. No file is made.
    OutputError
        If ``output`` exists, holds another run or task, or cannot be written.
    RunFailed
        If a write fails, or another process writes ``output``; committed rows stay valid. Also if
        the file to resume could not be checked; then it is unchanged. Also if a function in
        ``observe`` fails, or returns what it must not.
    Stopped
        If ``stop`` returns True while that file is checked; it is unchanged.

    Notes
    -----
    After a ``KeyboardInterrupt``, which is raised again, the file has the recorded rows and the
    status ``stopped``.

    The dynamics: docs/model.md, sections 2 to 5, after Lemmas C.5 and C.6 of the paper.
    """
    spec = spec_of(spec)
    options: RunOptions = {"progress": progress, "threads": threads, "stop": stop}
    options |= {"on_block": on_block, "observe": observe, "batches": batches}
    if output is None:
        if resume or overwrite:
            raise InputError("resume and overwrite need an output, and none is given")
        if spec.output.snapshot_every:
            raise InputError("output.snapshot_every: snapshots need an output, and none is given")
        recorder, _ = Execution(spec, task=task, **options).run()
        assert isinstance(recorder, MemoryRecorder)
        return recorder.trajectory()
    from scbsim.storage.runfile.loading import load

    output = resolved(output)
    run_to_file(spec, output, task=task, overwrite=overwrite, resume=resume, **options)
    return load(output, lazy=True)


class Ended(NamedTuple):
    """How a run ended, and whether it had ended before it was asked for."""

    status: str
    was_finished: bool = False


def run_to_file(
    spec: RunSpec,
    output: str | os.PathLike[str],
    *,
    task: Task | None = None,
    overwrite: bool = False,
    resume: bool = False,
    **options: Unpack[RunOptions],
) -> Ended:
    """Run a spec into a file, and return how the run ended; parameters as in :func:`simulate`.

    No rows are read back, so the memory needed does not grow with the length of the run.
    """
    from scbsim.storage.runfile.status import run_status
    from scbsim.storage.session import Session

    stop = options.get("stop")
    with Session(output, spec, overwrite=overwrite, resume=resume, task=task, stop=stop) as session:
        if session.finished:
            return Ended(run_status(session.path).status, was_finished=True)
        _, status = Execution(spec, session, task=task, **options).run()
        return Ended(status)
