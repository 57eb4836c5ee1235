"""How the runs of a sweep are doing: from their files, their locks, and the cluster's queue."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from scbsim.errors import ScbsimError
from scbsim.spec.difference import differences
from scbsim.spec.sweep import SweepRun
from scbsim.storage.runfile.lacking import lacking_in_words
from scbsim.storage.runfile.status import More, RunStatus, run_status
from scbsim.sweep.failure import Failure, read_failure
from scbsim.sweep.folder import SweepFolder

STATES: dict[str, str] = {
    "complete": "took all its steps",
    "diverged": "its numbers ran away, which is a result",
    "running": "is being written",
    "queued": "waits in the cluster's queue",
    "stopped": "ended on a signal, with a checkpoint",
    "interrupted": "was killed, or its machine died; goes on from its last checkpoint",
    "failed": "ended with an error",
    "missing": "was not begun",
}
"""States of a run, and what they mean."""

FINISHED = frozenset({"complete", "diverged"})
ALIVE = frozenset({"running", "queued"})
BROKEN = frozenset({"failed", "interrupted", "stopped"})


@dataclass(frozen=True)
class Place:
    """Where a run is in a cluster's queue: its task, whether that runs, and why not or where."""

    job: str
    running: bool
    reason: str = ""


@dataclass(frozen=True)
class RunState:
    """How a run is doing.

    Attributes
    ----------
    run : SweepRun
    state : str
        One of :data:`STATES`.
    step, total : int
        Steps taken that are on file, and those of its spec.
    note : str
        Who writes it, why it failed, or what it lacks.
    job : str
        The cluster's name of its task, where it is in the queue.
    """

    run: SweepRun
    state: str
    step: int
    total: int
    note: str = ""
    job: str = ""


def states(
    folder: SweepFolder, queue: Mapping[str, Place] | None = None, names: Iterable[str] = ()
) -> list[RunState]:
    """Say how runs are doing. It only reads, and waits for nothing.

    Parameters
    ----------
    folder : SweepFolder
    queue : mapping, optional
        By the names of runs, those that a cluster has in its queue.
    names : iterable of str
        Of which; of all unless given.
    """
    queue = queue or {}
    if names:
        return [state_of(folder, folder.by_name[n], queue.get(n)) for n in names]
    begun = folder.begun()
    return [
        state_of(folder, run, queue.get(run.name), begun=run.name in begun)
        for run in folder.sweep.runs
    ]


def state_of(
    folder: SweepFolder,
    run: SweepRun,
    place: Place | None = None,
    *,
    begun: bool = True,
    more: More | None = None,
) -> RunState:
    """Say how one run is doing; nothing is looked for on the disk if it was not ``begun``.

    Whatever is wrong with its files, or raised by ``more``, which is given the open file, the run
    has failed and others can be asked about.
    """
    found, failure, wrong, total = None, None, "", 0
    try:
        total = folder.sweep.total_steps(run)
        if begun and os.path.lexists(folder.output(run)):
            found = run_status(folder.output(run), more)
            wrong = _unlike(folder, run, found)
        if begun and not (found and (found.status in FINISHED or found.writer)):
            failure = read_failure(folder.output(run))
    except (ScbsimError, OSError) as error:
        wrong = str(error)
    state, note = _judged(found, wrong, failure, place)
    return RunState(run, state, found.step if found else 0, total, note, place.job if place else "")


def _unlike(folder: SweepFolder, run: SweepRun, found: RunStatus) -> str:
    """Say in what the run in a file is not the one that belongs there."""
    here = folder.sweep.spec_json(run)
    if found.spec == here:
        return ""
    output = folder.output(run)
    try:
        differ = differences(json.loads(here), json.loads(found.spec))
    except (ValueError, RecursionError):
        return f"{output} has a spec that cannot be read"
    return f"{output} holds another run: {'; '.join(differ)}" if differ else ""


def _judged(
    found: RunStatus | None, wrong: str, failure: Failure | None, place: Place | None
) -> tuple[str, str]:
    if wrong:
        return "failed", wrong
    if found is not None and found.status in FINISHED:
        lacks = found.lacks_steps_before
        return found.status, lacking_in_words(lacks) if lacks else ""
    if found is not None and found.writer:
        return "running", found.writer
    if place is not None and (failure is None or failure.job != place.job):
        # Another machine's lock may not be seen from here; the queue knows.
        begun = found is not None and found.status == "running" and place.running
        return ("running" if begun else "queued"), f"job {place.job} {place.reason}".rstrip()
    if failure is not None:
        return "failed", failure.error
    if found is None:
        return "missing", ""
    return ("interrupted" if found.status == "running" else found.status), ""
