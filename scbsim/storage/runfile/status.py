"""The progress of a run, read quickly from its file: for commands that look at many runs."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import h5py

from scbsim.observables import STATUS
from scbsim.storage.hdf5.attributes import text
from scbsim.storage.hdf5.lock import writer_of
from scbsim.storage.runfile.lacking import lacks_steps_before
from scbsim.storage.runfile.reader import opened
from scbsim.storage.runfile.schema import TRAJECTORY

_READ = tuple(f"{TRAJECTORY}/{name}" for name in ("status", "n_committed", "step"))


@dataclass(frozen=True)
class RunStatus:
    """What a file says of its run."""

    status: str  # a value of scbsim.observables.STATUS
    step: int  # of the last committed row
    writer: str | None  # who writes it now, if that can be seen from this machine
    spec: str  # as JSON
    lacks_steps_before: int = 0  # the rows before this step are lost; 0 if none are


More = Callable[[h5py.File, RunStatus], None]


def run_status(path: str | os.PathLike[str], more: More | None = None) -> RunStatus:
    """Read the status of an output file.

    ``more`` is called with the open file and the status, to read more of it; maybe twice. Raise
    OutputError if there is no such file, or it is not one of scbsim's.
    """
    found = _run_status(path, more)
    if found.status == "running" and found.writer is None:
        # The run may have ended between the reads of its status and of its lock.
        found = _run_status(path, more)
    return found


def _run_status(path: str | os.PathLike[str], more: More | None) -> RunStatus:
    with opened(path, only=_READ if more is None else None) as file:
        group = file[TRAJECTORY]
        status, n = STATUS[int(group["status"][()])], int(group["n_committed"][()])
        lacks = lacks_steps_before(file)
        step = int(group["step"][n - 1]) if n else max(0, lacks - 1)
        spec = text(file.attrs, "spec")
        found = RunStatus(status, step, writer_of(Path(path)), spec, lacks)
        if more is not None:
            more(file, found)
    return found
