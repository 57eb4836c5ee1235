"""The states of the parts of a folder, from their files, locks and the cluster's queue."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Generic

from scbsim.errors import ScbsimError
from scbsim.storage.runfile.lacking import lacking_in_words
from scbsim.storage.runfile.status import More, RunStatus
from scbsim.sweep.failure import Failure, read_failure
from scbsim.sweep.work import PartOf, WorkFolder

STATES: dict[str, str] = {
    "complete": "took all its steps",
    "diverged": "its numbers grew without bound, which is a result",
    "running": "is being written",
    "queued": "waits in the cluster's queue",
    "stopped": "ended on a signal, with a checkpoint",
    "interrupted": "was killed, or its machine died; resumes from its last checkpoint",
    "failed": "ended with an error",
    "missing": "was not begun",
}
"""States of a run, and what they mean."""

FINISHED = frozenset({"complete", "diverged"})
ALIVE = frozenset({"running", "queued"})
BROKEN = frozenset({"failed", "interrupted", "stopped"})


@dataclass(frozen=True)
class QueuedTask:
    """A task in a cluster's queue: its name, whether it runs, and where, or why it waits."""

    job: str
    running: bool
    reason: str = ""


@dataclass(frozen=True)
class RunState(Generic[PartOf]):
    """The state of a run, or of another part of a folder."""

    run: PartOf
    state: str  # a key of STATES
    step: int  # steps, or points, on file
    total: int  # in all
    note: str = ""  # who writes it, why it failed, or which rows it lacks
    job: str = ""  # the cluster's name of its task, if it is in the queue


def states(
    folder: WorkFolder[PartOf],
    queue: Mapping[str, QueuedTask] | None = None,
    names: Iterable[str] = (),
) -> list[RunState[PartOf]]:
    """Return the states of the runs ``names``, by default of all; it only reads, without waiting.

    ``queue`` has the tasks in a cluster's queue, by the names of their runs.
    """
    queue = queue or {}
    if names:
        return [state_of(folder, folder.by_name[n], queue.get(n)) for n in names]
    begun = folder.begun()
    return [
        state_of(folder, run, queue.get(run.name), begun=run.name in begun) for run in folder.parts
    ]


def state_of(
    folder: WorkFolder[PartOf],
    run: PartOf,
    task: QueuedTask | None = None,
    *,
    begun: bool = True,
    more: More | None = None,
) -> RunState[PartOf]:
    """Return the state of one run; if it was not ``begun``, its files are not looked for.

    ``more`` is called with the open file. An error in a file of the run, or from ``more``, makes
    the state ``failed`` and is not raised.
    """
    found, failure, wrong, total = None, None, "", 0
    try:
        total = folder.total(run)
        if begun and os.path.lexists(folder.output(run)):
            found = folder.status_of(run, more)
            wrong = folder.mismatch(run, found)
        if begun and not (found and (found.status in FINISHED or found.writer)):
            failure = read_failure(folder.output(run))
    except (ScbsimError, OSError) as error:
        wrong = str(error)
    state, note = _state(found, wrong, failure, task)
    return RunState(run, state, found.step if found else 0, total, note, task.job if task else "")


def _state(
    found: RunStatus | None, wrong: str, failure: Failure | None, task: QueuedTask | None
) -> tuple[str, str]:
    """Return the state of a run, and a note."""
    if wrong:
        return "failed", wrong
    if found is not None and found.status in FINISHED:
        lacks = found.lacks_steps_before
        return found.status, lacking_in_words(lacks) if lacks else ""
    if found is not None and found.writer:
        return "running", found.writer
    if task is not None and (failure is None or failure.job != task.job):
        # The lock of a writer on another machine may not be visible here.
        begun = found is not None and found.status == "running" and task.running
        return ("running" if begun else "queued"), f"job {task.job} {task.reason}".rstrip()
    if failure is not None:
        return "failed", failure.error
    if found is None:
        return "missing", ""
    return ("interrupted" if found.status == "running" else found.status), ""
