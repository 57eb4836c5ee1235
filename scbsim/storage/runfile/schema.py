"""The names and types of the output file, schema 1.

A file is a run: `/trajectory` has a column per observable along `step`; `/normalized` and
`/stages` are small tables; `/snapshots` and `/final` hold states; `/task` explains what was
learned; attributes carry the spec, the provenance and a name that no other run has.
"""

from __future__ import annotations

from scbsim.storage.hdf5.formats import TASK as TASK
from scbsim.trajectory.tables import REASONS as REASONS

TRAJECTORY = "trajectory"
NORMALIZED = "normalized"
STAGES = "stages"
SNAPSHOTS = "snapshots"
FINAL = "final"
REPLICA, REPLICA_STATUS = "replica", "replica_status"

TASK_DIGEST = "task_digest"
INIT_RUN, INIT_STEP = "init_run_uuid", "init_step"
LACKS = "lacks_steps_before"
"""Attributes of the file: its task, the state it started from, and the rows that were lost."""

MOST_CHUNK_ROWS = 16384
MOST_CHUNK_VALUES = 2**16
MOST_CHUNK_BYTES = 2**22
DIAGNOSIS = "diagnosis"
"""Attribute of `/trajectory/status`: what a complete run did not learn, and why; mostly empty."""

DIAGNOSIS_BYTES = 768


def chunk_rows(expected: int, replicas: int = 1) -> int:
    """Return the rows of a chunk: fewer where fewer are expected, or where they are wide."""
    if replicas > 1:
        return max(1, min(MOST_CHUNK_ROWS, MOST_CHUNK_VALUES // replicas, expected))
    return max(16, min(MOST_CHUNK_ROWS, expected))
