"""An output that is damaged or gone: a new part goes on from its checkpoint, and says so."""

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
from scbsim.storage.checkpoint.file import Checkpoint
from scbsim.storage.checkpoint.resume_point import Reading, ResumePoint, position_in
from scbsim.storage.runfile.table_writer import Cursors
from scbsim.util.paths import beside


def after_damage(path: Path, spec: RunSpec, fault: str, reading: Reading) -> ResumePoint:
    """Return where the run of a damaged file goes on; the file stays where it is.

    Raises
    ------
    OutputError
        If there is no checkpoint of this run.
    """
    point = _from_checkpoint(path, spec, fault, reading)
    if point is None:
        raise OutputError(
            f"{path} cannot be taken up ({fault}), and no checkpoint of this run is beside it: "
            "nothing to go on from. --overwrite starts again"
        )
    return point


def without_file(path: Path, spec: RunSpec, reading: Reading) -> ResumePoint | None:
    """Return where a run goes on whose file was put aside, by us or by hand; None for none."""
    if not next(_aside(path)).exists():
        return None
    return _from_checkpoint(path, spec, "", reading)


def _from_checkpoint(path: Path, spec: RunSpec, fault: str, reading: Reading) -> ResumePoint | None:
    def fits(checkpoint: Checkpoint) -> bool:
        return not differences(json.loads(spec.to_json()), json.loads(checkpoint.spec))

    checkpoint = reading.checkpoint(path, fits)
    if checkpoint is None:
        return None
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
    )


def put_aside(path: Path, point: ResumePoint) -> None:
    """Give a damaged file a second name, as a new one is about to take its place; warn of it."""
    begins = (
        f"a new {path.name} begins at step {point.lacks_steps_before - 1}, from the checkpoint, "
        "and lacks the rows before"
    )
    if path.exists():
        message = f"{path} is damaged ({point.fault}). It is kept as {_kept(path)}; {begins}"
    else:
        message = f"{path} is not there, and {next(_aside(path))} is: {begins}"
    warnings.warn(message, RunWarning, stacklevel=3)


def _kept(path: Path) -> Path:
    for aside in _aside(path):
        if not aside.exists():
            try:
                os.link(path, aside)
            except OSError:
                # FAT and some network file systems have no hard links.
                os.rename(path, aside)
                return aside
        if aside.samefile(path):
            return aside
    raise AssertionError("unreachable")


def _aside(path: Path) -> Iterator[Path]:
    for i in count():
        yield beside(path, f"corrupt.{i}" if i else "corrupt")
