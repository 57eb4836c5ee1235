"""Checks that a resumed run still has the task, the start and the samples that it began with.

A file stores its task, a digest of the task, which state of which run it started from, and what
identifies the file of samples that it learns from.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import h5py

from scbsim.errors import OutputError, ScbsimError, TaskWarning
from scbsim.sampling.samples_file import fingerprint
from scbsim.spec import RunSpec
from scbsim.storage.hdf5.attributes import text
from scbsim.storage.runfile.reader import opened
from scbsim.storage.runfile.schema import FINAL, INIT_RUN, INIT_STEP, TASK_DIGEST
from scbsim.task import Task
from scbsim.task.digest import differing, digest_of, parts_of
from scbsim.util.arguments import switch
from scbsim.util.text import counted


class Start(NamedTuple):
    """The state that a run starts from: the UUID of its run, and the step."""

    run_uuid: str
    step: int


def start_of(spec: RunSpec) -> Start | None:
    """Return the state that ``init.from`` has now; None if the spec has no ``init.from``."""
    if spec.init.from_ is None:
        return None
    with opened(spec.init.from_) as file:
        kept = FINAL in file and len(file[FINAL]["step"])
        return Start(text(file.attrs, "run_uuid"), int(file[FINAL]["step"][0]) if kept else -1)


def require_task(
    path: Path, file: h5py.File, there: Task, spec: RunSpec, given: Task | None
) -> None:
    """Raise OutputError if a run would be resumed with another task than its own.

    Parameters
    ----------
    path : Path
    file : h5py.File
        The file, open.
    there : Task
        Its task.
    spec : RunSpec
        If its `task.from` can still be read, it must have the same task.
    given : Task or None
        The task to resume with; None for the file's own.
    """
    whose = "the one given" if given is not None else f"task.from = {spec.task.from_} has now"
    wanted = given if given is not None else _read_again(spec)
    if wanted is None:
        return
    here = parts_of(wanted)
    if TASK_DIGEST in file.attrs and text(file.attrs, TASK_DIGEST) == digest_of(here):
        return
    differ = differing(parts_of(there), here)
    if differ:
        raise OutputError(
            f"{path} holds a run of another task than {whose}: {differ}. Resume with the task that "
            "it began with, or give another output"
        )


def _read_again(spec: RunSpec) -> Task | None:
    """Return the task that `task.from` has now; None if it has none or cannot be read."""
    if spec.task.from_ is None:
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", TaskWarning)
        try:
            return Task.from_spec(spec.task)
        except (ScbsimError, OSError):
            return None


def require_samples(path: Path, made: Mapping[str, Any], spec: RunSpec) -> None:
    """Raise OutputError if `data.from` has other samples than a run with this provenance read."""
    if spec.data.from_ is None or "samples_file" not in made:
        return
    now = fingerprint(spec.data.from_)
    if any(now[key] != made.get(key) for key in ("samples_bytes", "samples_sha256_of_ends")):
        raise OutputError(
            f"{path} learned from a file of {counted(made['samples_bytes'], 'byte')}, and "
            f"data.from = {spec.data.from_} is another one now. Resume with the samples that it "
            "began with, or give another output"
        )


def require_start(path: Path, file: h5py.File, spec: RunSpec) -> None:
    """Raise OutputError if a run would begin again from another state than it started from."""
    now = start_of(spec)
    if now is None or INIT_RUN not in file.attrs:
        return
    then = Start(text(file.attrs, INIT_RUN), int(file.attrs[INIT_STEP]))
    if now != then:
        raise OutputError(
            f"{path} has no checkpoint, and cannot begin again: it started from step {then.step} "
            f"of run {then.run_uuid}, and init.from = {spec.init.from_} now holds step {now.step} "
            f"of run {now.run_uuid}. {switch('overwrite')} starts from that"
        )
