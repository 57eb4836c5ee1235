"""Runs of a sweep one after the other, in a task of a cluster's job.

However a task ended before, by its time limit, a preemption, a lost node or too little memory:
every run begins by looking for what it left behind, and goes on from there.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from functools import partial
from time import monotonic, perf_counter, sleep

from scbsim.cluster.team import Alone, Team
from scbsim.errors import ScbsimError, Stopped
from scbsim.spec.sweep import SweepRun
from scbsim.storage.hdf5.lock import writer_of
from scbsim.sweep.afresh import afresh
from scbsim.sweep.failure import Failure, forget_failure, read_failure, write_failure
from scbsim.sweep.folder import SweepFolder
from scbsim.sweep.states import FINISHED, state_of

_PATIENCE = 120.0
"""Seconds to wait for a writer of before, who may live on where only the network went down."""

_FAILED = "failed"
_ALONE = Alone()


def run_bundle(
    path: str | os.PathLike[str],
    names: Sequence[str],
    *,
    job: str,
    stop: Callable[[], bool],
    say: Callable[[str], None] = print,
    team: Team = _ALONE,
) -> list[str]:
    """Run what is not finished of some runs of a sweep.

    Parameters
    ----------
    path : path
        The folder of the sweep.
    names : sequence of str
        Of the runs.
    job : str
        The task's name; a run that failed in it is not tried again in it.
    stop : callable
        When it says True, the run in hand stops with a checkpoint, and no other begins.
    say : callable
        Told how each run ended.
    team : Team
        Who runs them together; each calls this with the same.

    Returns
    -------
    list of str
        Names of those that failed. Each has its failure beside it.
    """
    folder = SweepFolder.open(path)
    failed = []
    for name in names:
        run = folder.by_name[name]
        before = team.on_lead(partial(_before, folder, run, job))
        if before == _FAILED:
            failed.append(name)
        if before:
            continue
        if team.any(stop()):
            break
        began = perf_counter()
        try:
            team.on_lead(partial(_make_ready, folder, run, stop))
            output, spec = folder.output(run), folder.sweep.spec_of(run)
            with afresh():
                ended = team.run(spec, output=output, resume=True, stop=stop)
        except Exception as error:
            if team.lost(error):
                # No failure of the run's, which is to go on when the job does.
                raise
            if _stopped(error):
                team.failed_alike()
                say(f"{name}: {error}")
                continue
            told = str(error) if isinstance(error, ScbsimError) else f"internal error: {error!r}"
            alike = team.failed_alike()
            if team.leads or not alike:
                write_failure(folder.output(run), Failure(told, job))
                say(f"{name}: failed: {told}")
            if not alike:
                raise
            failed.append(name)
        else:
            if team.leads:
                say(f"{name}: {ended} in {perf_counter() - began:.1f} s")
    return failed


def _stopped(error: Exception) -> bool:
    """Return whether a run was told to stop before it went on, here or on another rank."""
    return getattr(error, "exit_status", 0) == Stopped.exit_status


def _before(folder: SweepFolder, run: SweepRun, job: str) -> str:
    """Say how a run ended before, if it is not to be run."""
    before = read_failure(folder.output(run))
    if before is not None and before.job == job:
        return _FAILED
    state = state_of(folder, run).state
    return state if state in FINISHED else ""


def _make_ready(folder: SweepFolder, run: SweepRun, stop: Callable[[], bool]) -> None:
    output = folder.output(run)
    until = monotonic() + _PATIENCE
    while writer_of(output) and monotonic() < until and not stop():
        sleep(0.5)
    forget_failure(output)
    folder.prepared(run)
