"""Where a run that was recorded goes on: after a kill, a stop, or with a longer last stage."""

from __future__ import annotations

import fcntl
import json
from pathlib import Path
from typing import Any

import numpy as np

from scbsim.engines.random_stream import ORIGIN
from scbsim.errors import OutputError, RunFailed, TaskError
from scbsim.observables import NAMES, STATUS
from scbsim.spec import RunSpec
from scbsim.spec.difference import but_longer
from scbsim.storage.checkpoint.damage import after_damage, without_file
from scbsim.storage.checkpoint.file import Checkpoint, checkpoint_step
from scbsim.storage.checkpoint.position import Position, ReplicaPosition
from scbsim.storage.checkpoint.resume_point import Reading, ResumePoint, position_in
from scbsim.storage.hdf5.attributes import text
from scbsim.storage.hdf5.superblock import repair, superblock
from scbsim.storage.runfile.integrity import Stop, checked
from scbsim.storage.runfile.lacking import lacking_in_words, lacks_steps_before
from scbsim.storage.runfile.reader import Damaged, opened
from scbsim.storage.runfile.schema import FINAL, LACKS, NORMALIZED, REASONS, STAGES, TRAJECTORY
from scbsim.storage.runfile.sources import require_start, require_task
from scbsim.storage.runfile.stream_start import read_stream
from scbsim.storage.runfile.table_writer import Cursors
from scbsim.storage.runfile.tables import is_ensemble, read_tables
from scbsim.task import Task
from scbsim.task.file import read_arrays


def resume_point_of(
    path: Path,
    spec: RunSpec,
    reading: Reading | None = None,
    *,
    task: Task | None = None,
    stop: Stop = lambda: False,
) -> ResumePoint | None:
    """Return where the run in a file goes on, or None if there is nothing to do or go on from.

    The file must have no writer. One whose writer died is repaired, once it is known to be whole.
    One that is damaged stays where it is until the new part that goes on from its checkpoint takes
    its place. One that could not be checked is left alone.

    Parameters
    ----------
    path : Path
    spec : RunSpec
    reading : Reading, optional
        How states are read.
    task : Task, optional
        One to go on with; the file's own unless given.
    stop : callable
        Asked several times a second while the file is checked.

    Raises
    ------
    OutputError
        If the file is not one of ours, or holds another run, or one of another task.
    RunFailed
        If the file could not be checked.
    Stopped
        If ``stop`` said True.
    """
    reading = reading or Reading()
    if not path.exists():
        return without_file(path, spec, reading)
    _require_closed(path)
    verdict = checked(path, stop)
    if verdict.kind == "unchecked":
        raise RunFailed(_left_alone(path, verdict.why))
    if verdict.kind == "damaged":
        return after_damage(path, spec, verdict.why, reading)
    if not superblock(path).sound:
        repair(path)
    try:
        return _resume_point_in(path, spec, reading, task)
    except TaskError as error:
        return after_damage(path, spec, str(error), reading)
    except Damaged as error:
        raise RunFailed(_left_alone(path, f"{error}, though all of it was read before")) from error


def _require_closed(path: Path) -> None:
    """Refuse a file that HDF5 has open for writing elsewhere: it holds its lock there."""
    with path.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            raise RunFailed(
                f"{path} is open for writing in another program, or in another place of this one: "
                "close it there, and run the same line again. Nothing was changed"
            ) from None
        except OSError:
            # Some file systems have no locks.
            return


def _left_alone(path: Path, why: str) -> str:
    """Say that a file could not be checked, and what to do."""
    step = checkpoint_step(path)
    where = f"goes on from the checkpoint at step {step}" if step is not None else "starts again"
    return (
        f"{path} could not be checked ({why}). It and its checkpoints are left as they are: run "
        f"the same line again once the cause is mended. If the file itself is the cause, rename "
        f"it to {path.name}.corrupt; the same line then {where}"
    )


def _resume_point_in(
    path: Path, spec: RunSpec, reading: Reading, task: Task | None
) -> ResumePoint | None:
    """Read from a file that can be read where its run goes on."""
    with opened(path) as file:
        status = STATUS[int(file[TRAJECTORY]["status"][()])]
        longer = _longer(path, spec, json.loads(text(file.attrs, "spec")))
        lacks = int(file.attrs.get(LACKS, 0))
        who: dict[str, Any] = {k: text(file.attrs, k) for k in ("run_uuid", "created_utc")}
        made = json.loads(text(file.attrs, "provenance"))
        who |= {"engine": made["engine"], "matrix_V": made["value"] == "matrix"}
        own = Task.from_known(read_arrays(path))
        require_task(path, file, own, spec, task)
        who |= {"task": own, "lacks_steps_before": lacks}
        # A file without it was begun by a version that drew from the start of the stream.
        who["stream"] = read_stream(file.attrs) or ORIGIN
        if longer and status != "diverged" and is_ensemble(file):
            _none_complete(path, file)
        if status in ("complete", "diverged"):
            if not longer or status == "diverged":
                return None
            return _extended(path, file, spec, longer, who, reading)

        def fits(checkpoint: Checkpoint) -> bool:
            return (
                checkpoint.run_uuid == who["run_uuid"] and _cursors(checkpoint, lacks) is not None
            )

        checkpoint = reading.checkpoint(path, fits)
        if checkpoint is None:
            _require_beginning(path, file, spec)
            return ResumePoint(None, Cursors(), **who, respecify=longer > 0)
    # One of before the last stage grew counts on the length that it had then.
    position = position_in(checkpoint, _longer(path, spec, json.loads(checkpoint.spec)))
    cursors = _cursors(checkpoint, lacks) or Cursors()
    return ResumePoint(position, cursors, **who, respecify=longer > 0)


def _cursors(checkpoint: Checkpoint, lacks: int) -> Cursors | None:
    """Return what a file had recorded at a checkpoint, if that is one of this file.

    A new part begins, with nothing recorded, at a checkpoint of the file before.
    """
    facts = checkpoint.facts
    if facts.get(LACKS, 0) == lacks:
        return Cursors(**facts["cursors"])
    return Cursors() if facts["step"] + 1 == lacks else None


def _require_beginning(path: Path, file: Any, spec: RunSpec) -> None:
    """Refuse to begin a run again in a file that has only a part of it, or from another start."""
    lacks = lacks_steps_before(file)
    if lacks:
        raise OutputError(
            f"{path} {lacking_in_words(lacks)}, and no checkpoint of it is left to go on from. "
            "--overwrite starts again"
        )
    require_start(path, file, spec)


def _none_complete(path: Path, file: Any) -> None:
    """Refuse to take replicas further that are complete."""
    codes = read_tables(file).status.tolist()
    complete = [STATUS[code] for code in codes].count("complete")
    if complete:
        raise OutputError(
            f"{path} is an ensemble of which {complete} of {len(codes)} replicas are complete, and "
            "their last states were not kept, so its last stage cannot be longer: run a replica "
            "that is to go further alone, with dynamics.replica and dynamics.replicas = 1"
        )


def _longer(path: Path, spec: RunSpec, there: dict[str, Any]) -> int:
    """Return by how many steps the last stage is longer than in the file: all that may differ."""
    longer, differ = but_longer(json.loads(spec.to_json()), there)
    if differ:
        raise OutputError(
            f"{path} holds another run, and only a longer last stage can be taken up: "
            + "; ".join(differ)
        )
    return longer


def _extended(
    path: Path, file: Any, spec: RunSpec, longer: int, who: dict[str, Any], reading: Reading
) -> ResumePoint | None:
    """Take up a complete run whose last stage is longer now."""
    stages = file[STAGES]
    if REASONS[int(stages["reason"][-1])] != "steps":
        return None
    if spec.stage[-1].normalize_level is not None:
        raise OutputError(
            f"{path} is complete, and its last stage normalised at its end: a longer one would "
            "have done so later. Add a stage in a new run, with init.from"
        )
    if FINAL not in file or not len(file[FINAL]["step"]):
        raise OutputError(
            f"{path} is complete and did not keep its last state, so it cannot go on. --overwrite "
            "starts again; with output.final_state = true the state is kept"
        )
    step, state = reading.final(path)
    rows = len(file[TRAJECTORY]["step"])
    # What is in the file only because the run ended there is written over.
    extra = 1 if step % spec.output.every else 0
    unrecorded = None
    if extra:
        unrecorded = np.array([file[TRAJECTORY][name][rows - 1] for name in NAMES])
    cursors = Cursors(
        rows=rows - extra,
        normalized=len(file[NORMALIZED]["step"]) - 1,
        stages=len(stages["stage"]) - 1,
        snapshots=len(file["snapshots/step"]) if "snapshots" in file else 0,
    )
    position = ReplicaPosition(step, len(spec.stage) - 1, longer, unrecorded, state)
    return ResumePoint(Position((position,)), cursors, **who, respecify=True)
