"""Resuming a run whose output is damaged or missing: a new file continues from its checkpoint."""

from __future__ import annotations

import json
import os
import warnings
from collections.abc import Iterator
from itertools import count
from pathlib import Path

from scbsim.engines.random_stream import StreamStart
from scbsim.errors import OutputError, RunWarning
from scbsim.spec import RunSpec
from scbsim.spec.difference import differences
from scbsim.spec.stored import stored_tables
from scbsim.storage.checkpoint.file import Checkpoint
from scbsim.storage.checkpoint.resume_point import Reading, ResumePoint, position_in
from scbsim.storage.runfile.layout import require_layout
from scbsim.storage.runfile.table_writer import Cursors
from scbsim.trajectory.own_observables import OwnObservable
from scbsim.util.arguments import switch
from scbsim.util.paths import beside


def resume_point_after_damage(
    path: Path, spec: RunSpec, fault: str, reading: Reading
) -> ResumePoint:
    """Return where the run of a damaged file resumes; the file itself is not changed.

    Raise OutputError if there is no checkpoint of this run.
    """
    point = _from_checkpoint(path, spec, fault, reading)
    if point is None:
        raise OutputError(
            f"{path} cannot be resumed ({fault}), and no checkpoint of this run is beside it. "
            f"{switch('overwrite')} starts again"
        )
    return point


def resume_point_without_output(path: Path, spec: RunSpec, reading: Reading) -> ResumePoint | None:
    """Return where a run resumes whose damaged file was renamed to ``.corrupt``; else None."""
    if not next(_quarantine_paths(path)).exists():
        return None
    return _from_checkpoint(path, spec, "", reading)


def _from_checkpoint(path: Path, spec: RunSpec, fault: str, reading: Reading) -> ResumePoint | None:
    def fits(checkpoint: Checkpoint) -> bool:
        return not differences(json.loads(spec.to_json()), stored_tables(checkpoint.spec))

    checkpoint = reading.checkpoint(path, fits)
    if checkpoint is None:
        return None
    require_layout(path, spec, checkpoint.facts)
    return ResumePoint(
        position_in(checkpoint),
        Cursors(),
        checkpoint.run_uuid,
        checkpoint.facts["created_utc"],
        in_place=False,
        lacks_steps_before=checkpoint.facts["step"] + 1,
        fault=fault,
        task_parts=checkpoint.facts.get("task"),
        stream=StreamStart(**checkpoint.facts.get("stream", {})),
        observed=tuple(map(OwnObservable.from_facts, checkpoint.facts.get("observed", ()))),
    )


def quarantine(path: Path, point: ResumePoint) -> None:
    """Give a damaged file a second name, before a new file replaces it, and warn of it."""
    begins = (
        f"a new {path.name} begins at step {point.lacks_steps_before - 1}, from the checkpoint, "
        "and lacks the rows before"
    )
    if path.exists():
        message = f"{path} is damaged ({point.fault}). It is kept as {_kept(path)}; {begins}"
    else:
        message = f"{path} is not there, and {next(_quarantine_paths(path))} is: {begins}"
    warnings.warn(message, RunWarning, stacklevel=3)


def _kept(path: Path) -> Path:
    """Keep a file under the first free quarantine path; return that path."""
    for kept in _quarantine_paths(path):
        if not kept.exists():
            try:
                os.link(path, kept)
            except OSError:
                # FAT and some network file systems have no hard links.
                os.rename(path, kept)
                return kept
        if kept.samefile(path):
            return kept
    raise AssertionError("unreachable")


def _quarantine_paths(path: Path) -> Iterator[Path]:
    for i in count():
        yield beside(path, f"corrupt.{i}" if i else "corrupt")
