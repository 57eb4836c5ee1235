"""The header of a run, which every recorder receives before the first step."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, ClassVar

from scbsim.engines.plan import RunPlan
from scbsim.engines.random_stream import ORIGIN, StreamStart
from scbsim.observables import BATCH_LOSS, OBSERVABLES, Observable
from scbsim.spec import RunSpec
from scbsim.state import State
from scbsim.task import Task
from scbsim.task.digest import Parts, parts_of
from scbsim.trajectory.own_observables import OwnObservable


@dataclass(frozen=True)
class RunHeader:
    """Plan and provenance of a run, with a unique name."""

    KEPT_UNDER: ClassVar[int] = 64 * 10**6
    """Bytes below which `output.final_state = "auto"` keeps the last state."""

    plan: RunPlan
    provenance: dict[str, Any]
    stream: StreamStart = ORIGIN
    run_uuid: str = field(default_factory=lambda: str(uuid.uuid4()))
    created_utc: str = field(
        default_factory=lambda: datetime.now(UTC).isoformat(timespec="seconds")
    )
    lacks_steps_before: int = 0
    observed: tuple[OwnObservable, ...] = ()

    @property
    def spec(self) -> RunSpec:
        """The spec of the run."""
        return self.plan.spec

    @property
    def task(self) -> Task:
        """The task of the run."""
        return self.plan.task

    @property
    def observables(self) -> tuple[Observable, ...]:
        """What is recorded of each step."""
        return (*OBSERVABLES, BATCH_LOSS) if self.plan.handed else OBSERVABLES

    @cached_property
    def task_parts(self) -> Parts:
        """Digests of the parts of the task."""
        return parts_of(self.task)

    def keeps_final(self, state: State) -> bool:
        """Return whether the file keeps the last state; that of an ensemble does not."""
        if self.spec.dynamics.replicas > 1:
            return False
        wanted = self.spec.output.final_state
        if wanted == "auto":
            return sum(array.nbytes for array in state.values()) < self.KEPT_UNDER
        return bool(wanted)
