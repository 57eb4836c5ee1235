"""What a run says of itself before its first step; every recorder gets it."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from scbsim.spec import RunSpec
from scbsim.task import Task


@dataclass(frozen=True)
class RunHeader:
    """Spec, task and provenance of a run, with a name that no other run has."""

    spec: RunSpec
    task: Task
    provenance: dict[str, Any]
    run_uuid: str = field(default_factory=lambda: str(uuid.uuid4()))
    created_utc: str = field(
        default_factory=lambda: datetime.now(UTC).isoformat(timespec="seconds")
    )
