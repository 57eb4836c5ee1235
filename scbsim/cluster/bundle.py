"""Runs of a sweep, or parts of a diagram, one after the other in a task of a cluster's job.

Every run resumes from what an earlier task left behind, however that task ended: by its time limit,
a preemption, a lost node or a lack of memory.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from functools import partial
from time import monotonic, perf_counter, sleep
from typing import Any

from scbsim.cluster.folders import opened
from scbsim.cluster.team import Team
from scbsim.errors import ScbsimError, Stopped
from scbsim.storage.hdf5.lock import writer_of
from scbsim.sweep.failure import Failure, forget_failure, read_failure, write_failure
from scbsim.sweep.isolation import afresh
from scbsim.sweep.states import FINISHED, state_of
from scbsim.sweep.work import Part, WorkFolder

_PATIENCE = 120.0
"""Seconds to wait for an earlier writer, which may still live if only the network failed."""

_FAILED = "failed"
_ALONE = Team()


def run_bundle(
    path: str | os.PathLike[str],
    names: Sequence[str],
    *,
    job: str,
    stop: Callable[[], bool],
    say: Callable[[str], None] = print,
    team: Team = _ALONE,
) -> list[str]:
    """Do those parts of a folder that are not finished.

    Parameters
    ----------
    path : path
        The folder of the sweep or the diagram.
    names : sequence of str
        Names of the parts, such as runs.
    job : str
        Name of the task; a run that failed in it is not tried again in it.
    stop : callable
        When it returns True, the current run stops with a checkpoint, and no other begins.
    say : callable
        Called with a line about how each run ended.
    team : Team
        The processes that do each run together; each calls this with the same arguments.

    Returns
    -------
    list of str
        Names of the runs that failed. Each has its failure beside it.
    """
    folder = opened(path)
    failed = []
    for name in names:
        run = folder.by_name[name]
        done = team.on_lead(partial(_why_not_to_run, folder, run, job))
        if done == _FAILED:
            failed.append(name)
        if done:
            continue
        if team.any(stop()):
            break
        began = perf_counter()
        try:
            team.on_lead(partial(_make_ready, folder, run, stop))
            with afresh():
                ended = folder.do(run, team.run, stop)
        except Exception as error:
            if team.lost(error):
                # The run has not failed: it continues when the job does.
                raise
            # The run was stopped before it began, here or on another rank.
            if getattr(error, "exit_status", 0) == Stopped.exit_status:
                team.failed_alike()
                say(f"{name}: {error}")
                continue
            why = str(error) if isinstance(error, ScbsimError) else f"internal error: {error!r}"
            alike = team.failed_alike()
            if team.leads or not alike:
                write_failure(folder.output(run), Failure(why, job))
                say(f"{name}: failed: {why}")
            if not alike:
                raise
            failed.append(name)
        else:
            if team.leads:
                say(f"{name}: {ended} in {perf_counter() - began:.1f} s")
    return failed


def _why_not_to_run(folder: WorkFolder[Any], run: Part, job: str) -> str:
    """Return how a run ended, if it is finished or failed in this job; else an empty text."""
    before = read_failure(folder.output(run))
    if before is not None and before.job == job:
        return _FAILED
    state = state_of(folder, run).state
    return state if state in FINISHED else ""


def _make_ready(folder: WorkFolder[Any], run: Part, stop: Callable[[], bool]) -> None:
    """Wait for an earlier writer, and write the spec of a run."""
    output = folder.output(run)
    until = monotonic() + _PATIENCE
    while writer_of(output) and monotonic() < until and not stop():
        sleep(0.5)
    forget_failure(output)
    folder.prepared(run)
