"""Runs of a sweep one after the other, in a task of a cluster's job.

However a task ended before, by its time limit, a preemption, a lost node or too little memory:
every run begins by looking for what it left behind, and goes on from there.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from time import monotonic, perf_counter, sleep

from scbsim.errors import ScbsimError
from scbsim.simulation import simulate
from scbsim.storage.lock import writer_of
from scbsim.sweep.failure import Failure, forget_failure, read_failure, write_failure
from scbsim.sweep.folder import SweepFolder
from scbsim.sweep.states import FINISHED, state_of

_PATIENCE = 120.0
"""Seconds to wait for a writer of before, who may live on where only the network went down."""


def run_bundle(
    path: str | os.PathLike[str],
    names: Sequence[str],
    *,
    job: str,
    stop: Callable[[], bool],
    say: Callable[[str], None] = print,
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

    Returns
    -------
    list of str
        Names of those that failed. Each has its failure beside it.
    """
    folder = SweepFolder.open(path)
    failed = []
    for name in names:
        run = folder.by_name[name]
        output = folder.output(run)
        before = read_failure(output)
        if before is not None and before.job == job:
            failed.append(name)
            continue
        if stop():
            break
        if state_of(folder, run).state in FINISHED:
            continue
        began = perf_counter()
        try:
            _wait_for_another(output, stop)
            forget_failure(output)
            folder.prepared(run)
            ended = simulate(folder.sweep.spec_of(run), output=output, resume=True, stop=stop)
        except Exception as error:
            told = str(error) if isinstance(error, ScbsimError) else f"internal error: {error!r}"
            write_failure(output, Failure(told, job))
            failed.append(name)
            say(f"{name}: failed: {told}")
        else:
            say(f"{name}: {ended.attrs['status']} in {perf_counter() - began:.1f} s")
    return failed


def _wait_for_another(output: Path, stop: Callable[[], bool]) -> None:
    until = monotonic() + _PATIENCE
    while writer_of(output) and monotonic() < until and not stop():
        sleep(0.5)
