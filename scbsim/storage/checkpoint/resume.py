"""Where a recorded run resumes: after a kill, after a stop, or with a longer last stage."""

from __future__ import annotations

import fcntl
import json
from pathlib import Path
from typing import Any

import numpy as np

from scbsim.engines.before_draw import without_last_draw
from scbsim.engines.random_stream import ORIGIN
from scbsim.errors import OutputError, RunFailed, TaskError
from scbsim.observables import BATCH_LOSS, NAMES, STATUS
from scbsim.spec import RunSpec
from scbsim.spec.difference import but_longer
from scbsim.spec.stored import stored_tables
from scbsim.storage.checkpoint.damage import resume_point_after_damage, resume_point_without_output
from scbsim.storage.checkpoint.file import Checkpoint, checkpoint_step
from scbsim.storage.checkpoint.position import Position, ReplicaPosition
from scbsim.storage.checkpoint.resume_point import Reading, ResumePoint, position_in
from scbsim.storage.hdf5.attributes import text
from scbsim.storage.hdf5.superblock import repair, superblock
from scbsim.storage.runfile.integrity import Stop, checked
from scbsim.storage.runfile.lacking import lacking_in_words, lacks_steps_before
from scbsim.storage.runfile.layout import require_layout
from scbsim.storage.runfile.observed import cursors_before_end, failed_observable, observed_in
from scbsim.storage.runfile.reader import Damaged, opened
from scbsim.storage.runfile.schema import FINAL, LACKS, NORMALIZED, REASONS, STAGES, TRAJECTORY
from scbsim.storage.runfile.sources import require_samples, require_start, require_task
from scbsim.storage.runfile.stream_start import read_stream
from scbsim.storage.runfile.table_writer import Cursors
from scbsim.storage.runfile.tables import is_ensemble, observables_of, read_tables
from scbsim.task import Task
from scbsim.task.file import read_arrays
from scbsim.util.arguments import switch
from scbsim.util.text import share_of


def resume_point_of(
    path: Path,
    spec: RunSpec,
    reading: Reading | None = None,
    *,
    task: Task | None = None,
    stop: Stop = lambda: False,
) -> ResumePoint | None:
    """Return where the run in a file resumes; None if it is finished, or there is nothing of it.

    The file must have no writer. If its writer died, it is checked and then repaired. If it is
    damaged, it stays until the new file that continues from its checkpoint replaces it. If it could
    not be checked, nothing is changed.

    Parameters
    ----------
    path : Path
    spec : RunSpec
    reading : Reading, optional
        How states are read.
    task : Task, optional
        The task to resume with; by default the file's own.
    stop : callable
        Called several times a second while the file is checked.

    Raises
    ------
    OutputError
        If scbsim did not write the file, or it holds another run, or one of another task.
    RunFailed
        If the file could not be checked.
    Stopped
        If ``stop`` returned True.
    """
    reading = reading or Reading()
    if not path.exists():
        return resume_point_without_output(path, spec, reading)
    _require_closed(path)
    verdict = checked(path, stop)
    if verdict.kind == "unchecked":
        raise RunFailed(_not_checked(path, verdict.why))
    if verdict.kind == "damaged":
        return resume_point_after_damage(path, spec, verdict.why, reading)
    if not superblock(path).sound:
        repair(path)
    try:
        return _resume_from_file(path, spec, reading, task)
    except TaskError as error:
        return resume_point_after_damage(path, spec, str(error), reading)
    except Damaged as error:
        raise RunFailed(_not_checked(path, f"{error}, though all of it was read before")) from error


def _require_closed(path: Path) -> None:
    """Raise RunFailed if another process has the file open for writing and holds HDF5's lock."""
    with path.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            raise RunFailed(
                f"{path} is open for writing in another program, or in another place of this one: "
                "close it there, and run the same command again. Nothing was changed"
            ) from None
        except OSError:
            # Some file systems have no locks.
            return


def _not_checked(path: Path, why: str) -> str:
    """Return a message: the file could not be checked, and what to do."""
    step = checkpoint_step(path)
    where = f"resumes from the checkpoint at step {step}" if step is not None else "starts again"
    return (
        f"{path} could not be checked ({why}). It and its checkpoints are left as they are: run "
        f"the same command again once the cause is fixed. If the file itself is the cause, rename "
        f"it to {path.name}.corrupt; the same command then {where}"
    )


def _resume_from_file(
    path: Path, spec: RunSpec, reading: Reading, task: Task | None
) -> ResumePoint | None:
    """Return where the run in a readable file resumes."""
    with opened(path) as file:
        status = STATUS[int(file[TRAJECTORY]["status"][()])]
        longer = _extra_steps(path, spec, stored_tables(text(file.attrs, "spec")))
        lacks = int(file.attrs.get(LACKS, 0))
        made = json.loads(text(file.attrs, "provenance"))
        own = Task.from_known(read_arrays(path))
        require_task(path, file, own, spec, task)
        of_run: dict[str, Any] = {
            "run_uuid": text(file.attrs, "run_uuid"),
            "created_utc": text(file.attrs, "created_utc"),
            "engine": made["engine"],
            "matrix_V": made["value"] == "matrix",
            "task": own,
            "lacks_steps_before": lacks,
            # Older versions, which did not store it, always began at the start of the stream.
            "stream": read_stream(file.attrs) or ORIGIN,
            "observed": observed_in(file),
            "failed_observable": failed_observable(file),
        }
        if longer and status != "diverged" and is_ensemble(file):
            _require_none_complete(path, file)
        if status in ("complete", "diverged"):
            if not longer or status == "diverged":
                return None
            require_layout(path, spec, made)
            require_samples(path, made, spec)
            return _resume_complete(path, file, spec, longer, of_run, reading)

        require_layout(path, spec, made)

        def fits(checkpoint: Checkpoint) -> bool:
            return (
                checkpoint.run_uuid == of_run["run_uuid"]
                and _cursors(checkpoint, lacks) is not None
            )

        require_samples(path, made, spec)
        checkpoint = reading.checkpoint(path, fits)
        if checkpoint is None:
            _require_restartable(path, file, spec)
            return ResumePoint(None, Cursors(), **of_run, replaces_spec=longer > 0)
    # The checkpoint may be older than the longer last stage, and have its shorter length.
    position = position_in(checkpoint, _extra_steps(path, spec, stored_tables(checkpoint.spec)))
    cursors = _cursors(checkpoint, lacks) or Cursors()
    return ResumePoint(position, cursors, **of_run, replaces_spec=longer > 0)


def _cursors(checkpoint: Checkpoint, lacks: int) -> Cursors | None:
    """Return what a file had recorded at a checkpoint; None if the checkpoint is of another file.

    A new file after damage begins with nothing recorded, at a checkpoint of the damaged file.
    """
    facts = checkpoint.facts
    if facts.get(LACKS, 0) == lacks:
        return Cursors(**facts["cursors"])
    return Cursors() if facts["step"] + 1 == lacks else None


def _require_restartable(path: Path, file: Any, spec: RunSpec) -> None:
    """Raise OutputError if a run cannot begin again: rows are lost, or its start has changed."""
    lacks = lacks_steps_before(file)
    if lacks:
        raise OutputError(
            f"{path} {lacking_in_words(lacks)}, and no checkpoint of it is left to resume from. "
            f"{switch('overwrite')} starts again"
        )
    require_start(path, file, spec)


def _require_none_complete(path: Path, file: Any) -> None:
    """Raise OutputError if replicas are complete, since they cannot take further steps."""
    codes = read_tables(file, observables_of(file)).status.tolist()
    complete = [STATUS[code] for code in codes].count("complete")
    if complete:
        raise OutputError(
            f"{path} is an ensemble of which {share_of(complete, len(codes), 'replica')} complete, "
            "and the last states were not kept, so its last stage cannot be longer: run a replica "
            "that is to go further alone, with dynamics.replica and dynamics.replicas = 1"
        )


def _extra_steps(path: Path, spec: RunSpec, there: dict[str, Any]) -> int:
    """Return by how many steps the last stage is longer than in the file.

    Raise OutputError if anything else differs.
    """
    longer, differ = but_longer(json.loads(spec.to_json()), there)
    if differ:
        raise OutputError(
            f"{path} holds another run; a resumed run may differ only by a longer last stage: "
            + "; ".join(differ)
        )
    return longer


def _resume_complete(
    path: Path, file: Any, spec: RunSpec, longer: int, of_run: dict[str, Any], reading: Reading
) -> ResumePoint | None:
    """Return where a complete run with a longer last stage resumes; None if it ended early."""
    stages = file[STAGES]
    if REASONS[int(stages["reason"][-1])] != "steps":
        return None
    if spec.stage[-1].normalize_level is not None:
        raise OutputError(
            f"{path} is complete, and its last stage normalised the state at its end, so this "
            "stage cannot be longer. Add a stage in a new run, with init.from"
        )
    if FINAL not in file or not len(file[FINAL]["step"]):
        raise OutputError(
            f"{path} is complete and did not keep its last state, so it cannot continue. "
            f"{switch('overwrite')} starts again; with output.final_state = true the state is kept"
        )
    step, state = reading.final(path)
    rows = len(file[TRAJECTORY]["step"])
    # A row that was recorded only because the run ended there is overwritten.
    extra = 1 if step % spec.output.every else 0
    unrecorded = None
    if extra:
        group = file[TRAJECTORY]
        names = [name for name in (*NAMES, BATCH_LOSS.name) if name in group]
        unrecorded = np.array([group[name][rows - 1] for name in names])
    cursors = Cursors(
        rows=rows - extra,
        normalized=len(file[NORMALIZED]["step"]) - 1,
        stages=len(stages["stage"]) - 1,
        snapshots=len(file["snapshots/step"]) if "snapshots" in file else 0,
        observed=cursors_before_end(file),
    )
    state = without_last_draw(state)
    position = ReplicaPosition(step, len(spec.stage) - 1, longer, unrecorded, state)
    return ResumePoint(Position((position,)), cursors, **of_run, replaces_spec=True)
