"""Running a sweep on this machine, with several worker processes."""

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
from scbsim.util.numbers import check_int

_POLL_SECONDS = 0.05

_LAST_BYTES = 2**16
"""Bytes at the end of a log that are searched for an error."""


@dataclass(frozen=True)
class Working:
    """A current run, and its worker."""

    run: SweepRun
    worker: Worker


@dataclass
class SweepResult:
    """What has become of the runs of a sweep."""

    total: int
    kept: int = 0  # runs that were finished before
    done: list[SweepRun] = field(default_factory=list)  # in this call, as the next two
    failed: list[SweepRun] = field(default_factory=list)
    stopped: list[SweepRun] = field(default_factory=list)
    reasons: dict[str, str] = field(default_factory=dict)  # why runs failed, by name


Report = Callable[[SweepResult, list[Working]], None]


def run_sweep(
    folder: SweepFolder,
    *,
    jobs: int | None = None,
    report: Report = lambda _result, _working: None,
    stop: Callable[[], bool] = lambda: False,
) -> SweepResult:
    """Run all runs of a sweep that are not finished.

    Parameters
    ----------
    folder : SweepFolder
    jobs : int, optional
        Runs at a time; by default the number of cores. The runs share the threads.
    report : callable
        Called many times a second with the result so far and the current runs.
    stop : callable
        Called as often; when it returns True, current runs are asked to stop, and none is begun.

    Returns
    -------
    SweepResult
        A run that failed has :class:`scbsim.sweep.failure.Failure` beside it.
    """
    result = SweepResult(len(folder.sweep.runs))
    waiting = [each.run for each in states(folder) if each.state not in FINISHED]
    result.kept = result.total - len(waiting)
    cores = usable_cores()
    at_once = max(1, min(check_int("jobs", jobs, 1) if jobs is not None else cores, len(waiting)))
    threads = str(max(1, cores // at_once))
    workers = Workers({**alone(os.environ), **dict.fromkeys(OF_LIBRARIES, threads)})
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
                    working.append(Working(run, _begin(folder, run, workers)))
                except (ScbsimError, OSError) as error:
                    _fail(folder, run, str(error), result)
            if asked_to_stop or not waiting:
                workers.close_idle()
            statuses = workers.ended(_POLL_SECONDS)
            for each in [each for each in working if each.worker in statuses]:
                working.remove(each)
                _record(folder, each.run, statuses[each.worker], result)
            report(result, working)
    finally:
        workers.end()
    result.stopped += waiting
    return result


def _next(folder: SweepFolder, waiting: list[SweepRun]) -> SweepRun | None:
    """Return a run that no process writes; runs of a killed sweep may still be going on."""
    return next((run for run in waiting if writer_of(folder.output(run)) is None), None)


def _begin(folder: SweepFolder, run: SweepRun, workers: Workers) -> Worker:
    spec, output = folder.prepared(run), folder.output(run)
    forget_failure(output)
    # Removed first, so that a link of that name is not followed.
    folder.log(run).unlink(missing_ok=True)
    with folder.log(run).open("xb") as log:
        line = ["run", str(spec), "-o", str(output), "--resume", "--quiet"]
        return workers.begin(line, log)


def _record(folder: SweepFolder, run: SweepRun, status: int, result: SweepResult) -> None:
    """Record how a run ended, from its exit status."""
    if status == 0:
        result.done.append(run)
    elif status == Stopped.exit_status:
        result.stopped.append(run)
    else:
        error = _error_in(folder.log(run)) or "it said nothing"
        if status < 0:
            error = f"killed by {_signal_name(-status)}: {error}"
        _fail(folder, run, error, result)


def _fail(folder: SweepFolder, run: SweepRun, error: str, result: SweepResult) -> None:
    result.failed.append(run)
    result.reasons[run.name] = error
    write_failure(folder.output(run), Failure(error))


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _error_in(log: Path) -> str:
    """Return the error at the end of the log of a run."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, os.fstat(file.fileno()).st_size - _LAST_BYTES))
            words = file.read().decode(errors="replace").strip()
    except OSError as error:
        return f"{log} cannot be read: {error.strerror}"
    _, found, message = words.rpartition("Error: ")
    return message if found else words[-500:]
