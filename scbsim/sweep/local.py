"""A sweep on this machine: runs by several workers, processes that do one run after another."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from scbsim.errors import ScbsimError, Stopped
from scbsim.mpi.launch import alone
from scbsim.spec.sweep import SweepRun
from scbsim.storage.hdf5.lock import writer_of
from scbsim.sweep.failure import Failure, forget_failure, write_failure
from scbsim.sweep.folder import SweepFolder
from scbsim.sweep.states import FINISHED, states
from scbsim.sweep.worker import Worker, Workers
from scbsim.util.cores import OF_LIBRARIES, usable_cores
from scbsim.util.numbers import whole

_LOOK_SECONDS = 0.05

_LAST_BYTES = 2**16
"""Of what a run said, those that may have its error."""

_STOPPED = Stopped.exit_status


@dataclass(frozen=True)
class Working:
    """A run in hand, and who does it."""

    run: SweepRun
    worker: Worker


@dataclass
class Tally:
    """What has become of the runs of a sweep.

    Attributes
    ----------
    total : int
    kept : int
        Those that were finished before.
    done, failed, stopped : list of SweepRun
        Those of this time.
    reasons : dict
        Why those that failed did, by their names.
    """

    total: int
    kept: int = 0
    done: list[SweepRun] = field(default_factory=list)
    failed: list[SweepRun] = field(default_factory=list)
    stopped: list[SweepRun] = field(default_factory=list)
    reasons: dict[str, str] = field(default_factory=dict)


Tell = Callable[[Tally, list[Working]], None]


def run_sweep(
    folder: SweepFolder,
    *,
    jobs: int | None = None,
    tell: Tell = lambda _tally, _working: None,
    stop: Callable[[], bool] = lambda: False,
) -> Tally:
    """Run what is not finished of a sweep.

    Parameters
    ----------
    folder : SweepFolder
    jobs : int, optional
        Runs at a time; as many as there are cores unless given. Threads are shared out.
    tell : callable
        Told, many times a second, what has become of the runs and which are in hand.
    stop : callable
        Asked as often; when it says True, every run in hand is asked to stop, and none is begun.

    Returns
    -------
    Tally
        A run that failed has :class:`scbsim.sweep.failure.Failure` beside it.
    """
    tally = Tally(len(folder.sweep.runs))
    waiting = [each.run for each in states(folder) if each.state not in FINISHED]
    tally.kept = tally.total - len(waiting)
    there = usable_cores()
    at_once = max(1, min(whole("jobs", jobs, 1) if jobs is not None else there, len(waiting)))
    workers = Workers(_environment(max(1, there // at_once)))
    working: list[Working] = []
    asked_to_stop = False
    try:
        while working or (waiting and not asked_to_stop):
            if stop() and not asked_to_stop:
                asked_to_stop = True
                workers.stop()
            while not asked_to_stop and len(working) < at_once and (run := _next(folder, waiting)):
                waiting.remove(run)
                try:
                    working.append(Working(run, _begun(folder, run, workers)))
                except (ScbsimError, OSError) as error:
                    _fail(folder, run, str(error), tally)
            if asked_to_stop or not waiting:
                workers.dismiss()
            statuses = workers.ended(_LOOK_SECONDS)
            for each in [each for each in working if each.worker in statuses]:
                working.remove(each)
                _file(folder, each.run, statuses[each.worker], tally)
            tell(tally, working)
    finally:
        workers.end()
    tally.stopped += waiting
    return tally


def _next(folder: SweepFolder, waiting: list[SweepRun]) -> SweepRun | None:
    """Return a run that no one else writes; others may, left over from a sweep that was killed."""
    return next((run for run in waiting if writer_of(folder.output(run)) is None), None)


def _environment(threads: int) -> dict[str, str]:
    return {**alone(os.environ), **dict.fromkeys(OF_LIBRARIES, str(threads))}


def _begun(folder: SweepFolder, run: SweepRun, workers: Workers) -> Worker:
    spec, output = folder.prepared(run), folder.output(run)
    forget_failure(output)
    # Taken away first: a link of that name is not followed.
    folder.log(run).unlink(missing_ok=True)
    with folder.log(run).open("xb") as log:
        line = ["run", str(spec), "-o", str(output), "--resume", "--quiet"]
        return workers.begin(line, log)


def _file(folder: SweepFolder, run: SweepRun, status: int, tally: Tally) -> None:
    """Put a run that ended where it belongs."""
    if status == 0:
        tally.done.append(run)
    elif status == _STOPPED:
        tally.stopped.append(run)
    else:
        error = _said(folder.log(run)) or "it said nothing"
        if status < 0:
            error = f"killed by {_signal_name(-status)}: {error}"
        _fail(folder, run, error, tally)


def _fail(folder: SweepFolder, run: SweepRun, error: str, tally: Tally) -> None:
    tally.failed.append(run)
    tally.reasons[run.name] = error
    write_failure(folder.output(run), Failure(error))


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _said(log: Path) -> str:
    """Return the last words of a run, which are its error."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, os.fstat(file.fileno()).st_size - _LAST_BYTES))
            words = file.read().decode(errors="replace").strip()
    except OSError as error:
        return f"{log} cannot be read: {error.strerror}"
    return (
        words[words.rfind("Error: ") :].removeprefix("Error: ")
        if "Error: " in words
        else words[-500:]
    )
