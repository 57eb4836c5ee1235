"""A sweep on this machine: a process for each run, several at a time.

Each is a command line of its own. A child that was forked could not use threads of compiled code,
and one that crashes takes no other with it.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from time import sleep

from scbsim.cores import usable_cores
from scbsim.errors import ScbsimError, Stopped
from scbsim.mpi.launch import alone
from scbsim.numbers import whole
from scbsim.spec.sweep import SweepRun
from scbsim.storage.lock import writer_of
from scbsim.sweep.failure import Failure, forget_failure, write_failure
from scbsim.sweep.folder import SweepFolder
from scbsim.sweep.states import FINISHED, states

_LOOK_SECONDS = 0.05
_LAST_SECONDS = 30.0
"""What a child gets to end when this process is interrupted in earnest."""

_LAST_BYTES = 2**16
"""Of what a run said, those that may have its error."""

_STOPPED = Stopped.exit_status


@dataclass(frozen=True)
class Working:
    """A run in hand, and its process."""

    run: SweepRun
    process: subprocess.Popen[bytes]


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
        Asked as often; when it says True, every child is asked to stop, and none is begun.

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
    environment = _environment(max(1, there // at_once))
    working: list[Working] = []
    asked_to_stop = False
    try:
        while working or (waiting and not asked_to_stop):
            if stop() and not asked_to_stop:
                asked_to_stop = True
                for each in working:
                    each.process.terminate()
            while not asked_to_stop and len(working) < at_once and (run := _next(folder, waiting)):
                waiting.remove(run)
                try:
                    working.append(Working(run, _begun(folder, run, environment)))
                except (ScbsimError, OSError) as error:
                    _fail(folder, run, str(error), tally)
            for each in [each for each in working if each.process.poll() is not None]:
                working.remove(each)
                _file(folder, each, tally)
            tell(tally, working)
            sleep(_LOOK_SECONDS)
    finally:
        _end(working)
    tally.stopped += waiting
    return tally


def _next(folder: SweepFolder, waiting: list[SweepRun]) -> SweepRun | None:
    """Return a run that no one else writes; others may, left over from a sweep that was killed."""
    return next((run for run in waiting if writer_of(folder.output(run)) is None), None)


def _environment(threads: int) -> dict[str, str]:
    names = ("NUMBA_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    return {**alone(os.environ), **dict.fromkeys(names, str(threads))}


def _begun(
    folder: SweepFolder, run: SweepRun, environment: dict[str, str]
) -> subprocess.Popen[bytes]:
    spec, output = folder.prepared(run), folder.output(run)
    forget_failure(output)
    line = [sys.executable, "-P", "-m", "scbsim", "run", str(spec), "-o", str(output)]
    # Taken away first: a link of that name is not followed.
    folder.log(run).unlink(missing_ok=True)
    with folder.log(run).open("xb") as log:
        # In a session of its own: Ctrl-C reaches us alone, and we ask it to stop once.
        return subprocess.Popen(
            [*line, "--resume", "--quiet"],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=environment,
            start_new_session=True,
        )


def _file(folder: SweepFolder, ended: Working, tally: Tally) -> None:
    """Put a run that ended where it belongs."""
    code = ended.process.returncode
    if code == 0:
        tally.done.append(ended.run)
    elif code == _STOPPED:
        tally.stopped.append(ended.run)
    else:
        error = _said(folder.log(ended.run)) or "it said nothing"
        if code < 0:
            error = f"killed by {_signal_name(-code)}: {error}"
        _fail(folder, ended.run, error, tally)


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


def _end(working: list[Working]) -> None:
    """See to it that no child outlives this process."""
    for each in working:
        each.process.terminate()
    for each in working:
        try:
            each.process.wait(_LAST_SECONDS)
        except subprocess.TimeoutExpired:
            each.process.kill()
            each.process.wait()
