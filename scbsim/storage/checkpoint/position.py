"""The position of a run between two steps, and its form in a checkpoint."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from scbsim.observables import NAMES, STATUS, STATUS_CODE
from scbsim.state import State
from scbsim.storage.checkpoint.packing import packed, unpacked

if TYPE_CHECKING:
    from scbsim.run.replica import Replica

_NUMBERS = ("step", "stage", "left")


@dataclass(frozen=True)
class ReplicaPosition:
    """The position of one replica."""

    step: int  # steps taken
    stage: int  # of the next step
    left: int  # steps left in that stage
    # (9,), observables after the last step, if they were not recorded.
    row: NDArray[np.float64] | None = None
    state: State | None = None  # of the engine; None if the replica has ended
    status: str = "running"


@dataclass(frozen=True)
class Position:
    """The position of a run: of all its replicas, one for a single run."""

    replicas: tuple[ReplicaPosition, ...]

    @classmethod
    def of(cls, replicas: Sequence[Replica], *, recorded: bool) -> Position:
        """Return the position of replicas; their last rows are kept if they are not recorded."""
        return cls(
            tuple(
                ReplicaPosition(
                    step=each.engine.step,
                    stage=each.stage,
                    left=each.left,
                    row=None if recorded or each.status != "running" else each.row,
                    state=each.engine.state() if each.status == "running" else None,
                    status=each.status,
                )
                for each in replicas
            )
        )

    @property
    def step(self) -> int:
        """The largest number of steps that a replica has taken."""
        return max(each.step for each in self.replicas)

    @property
    def recorded(self) -> bool:
        """Whether the last row of every replica is recorded."""
        return all(each.row is None for each in self.replicas)

    @property
    def any_state(self) -> State:
        """The state of some replica that has not ended; there is one in every checkpoint."""
        return next(each.state for each in self.replicas if each.state is not None)

    def facts(self) -> dict[str, Any]:
        """Return its numbers for the facts of a checkpoint, in types of JSON."""
        if len(self.replicas) > 1:
            return {"step": self.step, "replicas": len(self.replicas)}
        (alone,) = self.replicas
        row = None if alone.row is None else alone.row.tolist()
        return {**{name: getattr(alone, name) for name in _NUMBERS}, "unrecorded": row}

    def arrays(self) -> State:
        """Return its arrays for a checkpoint."""
        if len(self.replicas) == 1:
            return self.replicas[0].state or {}
        no_row = np.full(len(NAMES), np.nan)
        arrays: State = {
            f"replicas/{name}": np.array([getattr(each, name) for each in self.replicas], np.int64)
            for name in _NUMBERS
        }
        arrays["replicas/status"] = np.array([STATUS_CODE[each.status] for each in self.replicas])
        arrays["replicas/unrecorded"] = np.array([each.row is not None for each in self.replicas])
        arrays["replicas/row"] = np.array(
            [no_row if each.row is None else each.row for each in self.replicas]
        )
        states = {i: each.state for i, each in enumerate(self.replicas) if each.state is not None}
        return arrays | {f"states/{name}": array for name, array in packed(states).items()}


def position_of(facts: dict[str, Any], arrays: State, stages: int, longer: int = 0) -> Position:
    """Return the position in a checkpoint.

    Parameters
    ----------
    facts, arrays : dict
        From :meth:`Position.facts` and :meth:`Position.arrays`.
    stages : int
        Number of stages.
    longer : int
        Steps by which the last stage is longer now than in the checkpoint.
    """

    def left(stage: int, steps: int) -> int:
        return steps + (longer if stage == stages - 1 else 0)

    if "replicas" not in facts:
        row = facts["unrecorded"]
        alone = ReplicaPosition(
            step=facts["step"],
            stage=facts["stage"],
            left=left(facts["stage"], facts["left"]),
            row=None if row is None else np.array(row),
            state=arrays,
        )
        return Position((alone,))
    prefix = "states/"
    states = unpacked({k[len(prefix) :]: v for k, v in arrays.items() if k.startswith(prefix)})
    numbers = {name: arrays[f"replicas/{name}"].tolist() for name in (*_NUMBERS, "status")}
    return Position(
        tuple(
            ReplicaPosition(
                step=numbers["step"][i],
                stage=numbers["stage"][i],
                left=left(numbers["stage"][i], numbers["left"][i]),
                row=arrays["replicas/row"][i] if arrays["replicas/unrecorded"][i] else None,
                state=states.get(i),
                status=STATUS[numbers["status"][i]],
            )
            for i in range(facts["replicas"])
        )
    )
