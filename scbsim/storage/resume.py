"""Where a run that was recorded goes on: after a kill, a stop, or with a longer last stage."""

from __future__ import annotations

import json
import os
import warnings
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np

from scbsim.errors import OutputError, RunWarning, TaskError
from scbsim.files.superblock import repair, superblock
from scbsim.observables import NAMES, STATUS
from scbsim.spec import RunSpec
from scbsim.spec.difference import differences
from scbsim.state import State
from scbsim.storage.checkpoint import Checkpoint, beside, read_checkpoint
from scbsim.storage.ensemble_reader import is_ensemble, read_tables
from scbsim.storage.position import Position, ReplicaPosition, position_of
from scbsim.storage.reader import Damaged, opened
from scbsim.storage.schema import FINAL, NORMALIZED, REASONS, STAGES, TRAJECTORY
from scbsim.storage.states import read_state
from scbsim.storage.text import text
from scbsim.storage.verify import fault_of
from scbsim.storage.writer import Cursors
from scbsim.task import Task
from scbsim.task.file import read_arrays


@dataclass(frozen=True)
class Past:
    """What an output holds of a run.

    Attributes
    ----------
    position : Position or None
        Where to go on; None for the start.
    cursors : Cursors
        What was recorded by then.
    run_uuid, created_utc : str
    task : Task or None
        The file's, to the bit; None where it cannot be read.
    in_place : bool
        Whether the file goes on; if not, a new one does.
    respecify : bool
        Whether the last stage is longer than the file says.
    engine : str
        The engine that the file says; empty where it cannot be read.
    matrix_V : bool
        Whether that keeps V as a matrix.
    """

    position: Position | None
    cursors: Cursors
    run_uuid: str
    created_utc: str
    task: Task | None = None
    in_place: bool = True
    respecify: bool = False
    engine: str = ""
    matrix_V: bool = False


class Reading:
    """How states are read: in full, unless a subclass does otherwise."""

    def checkpoint(self, output: Path) -> Checkpoint | None:
        """Return the last checkpoint beside an output that is whole, or None."""
        return read_checkpoint(output)

    def final(self, path: Path) -> tuple[int, State]:
        """Return the step and the last state in the file of a complete run."""
        with opened(path) as file:
            return read_state(file[FINAL], 0)


def past_of(path: Path, spec: RunSpec, reading: Reading | None = None) -> Past | None:
    """Return where the run in a file goes on, or None if there is nothing to do.

    The file must have no writer. One whose writer died is repaired, once it is known to be whole;
    one that is damaged is put aside, and a new part begins at the checkpoint.

    Raises
    ------
    OutputError
        If the file is not one of ours, or holds another run.
    """
    reading = reading or Reading()
    fault = fault_of(path)
    if fault is not None:
        return _after_damage(path, spec, fault, reading)
    if not superblock(path).sound:
        repair(path)
    try:
        return _past_in(path, spec, reading)
    except (Damaged, TaskError) as error:
        return _after_damage(path, spec, str(error), reading)


def _past_in(path: Path, spec: RunSpec, reading: Reading) -> Past | None:
    """Read from a file that can be read where its run goes on."""
    with opened(path) as file:
        status = STATUS[int(file[TRAJECTORY]["status"][()])]
        longer = _longer(path, spec, json.loads(text(file.attrs, "spec")))
        who: dict[str, Any] = {k: text(file.attrs, k) for k in ("run_uuid", "created_utc")}
        made = json.loads(text(file.attrs, "provenance"))
        who |= {"engine": made["engine"], "matrix_V": made["value"] == "matrix"}
        who["task"] = Task.from_known(read_arrays(path))
        if longer and status != "diverged" and is_ensemble(file):
            _none_complete(path, file)
        if status in ("complete", "diverged"):
            if not longer or status == "diverged":
                return None
            return _extended(path, file, spec, longer, who, reading)
    checkpoint = reading.checkpoint(path)
    if checkpoint is None or checkpoint.run_uuid != who["run_uuid"]:
        return Past(None, Cursors(), **who, respecify=longer > 0)
    # One of before the last stage grew counts on the length that it had then.
    position = _position(checkpoint, _longer(path, spec, json.loads(checkpoint.spec)))
    cursors = Cursors(**checkpoint.facts["cursors"])
    return Past(position, cursors, **who, respecify=longer > 0)


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
    here = json.loads(spec.to_json())
    there = json.loads(json.dumps(there))
    longer = 0
    if len(here["stage"]) == len(there["stage"]):
        longer = here["stage"][-1]["steps"] - there["stage"][-1]["steps"]
        if longer >= 0:
            there["stage"][-1]["steps"] = here["stage"][-1]["steps"]
    differ = differences(here, there)
    if differ:
        raise OutputError(
            f"{path} holds another run, and only a longer last stage can be taken up: "
            + "; ".join(differ)
        )
    return longer


def _position(checkpoint: Checkpoint, longer: int = 0) -> Position:
    facts = checkpoint.facts
    return position_of(facts, checkpoint.state, facts["stages"], longer)


def _extended(
    path: Path, file: Any, spec: RunSpec, longer: int, who: dict[str, Any], reading: Reading
) -> Past | None:
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
            f"{path} is complete and did not keep its last state, so it cannot go on: "
            "run it with output.final_state = true"
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
    return Past(Position((position,)), cursors, **who, respecify=True)


def _after_damage(path: Path, spec: RunSpec, fault: str, reading: Reading) -> Past:
    """Put a damaged file aside; go on from the checkpoint, if there is one."""
    checkpoint = reading.checkpoint(path)
    if checkpoint is None or _other(checkpoint, spec):
        raise OutputError(
            f"{path} cannot be taken up ({fault}), and no checkpoint of this run is beside it: "
            "nothing to go on from. --overwrite starts again"
        )
    aside = _kept_aside(path)
    warnings.warn(
        f"{path} is damaged ({fault}). It is kept as {aside}; a new {path.name} begins at step "
        f"{checkpoint.facts['step']}, from the checkpoint, and lacks the rows before",
        RunWarning,
        stacklevel=2,
    )
    return Past(
        _position(checkpoint),
        Cursors(),
        checkpoint.run_uuid,
        checkpoint.facts["created_utc"],
        in_place=False,
    )


def _kept_aside(path: Path) -> Path:
    """Give a damaged file a second name; the first is its own until a new file takes the place."""
    for i in count():
        aside = beside(path, f"corrupt.{i}" if i else "corrupt")
        if not aside.exists():
            os.link(path, aside)
        if aside.samefile(path):
            return aside
    raise AssertionError("unreachable")


def _other(checkpoint: Checkpoint, spec: RunSpec) -> bool:
    return bool(differences(json.loads(spec.to_json()), json.loads(checkpoint.spec)))
