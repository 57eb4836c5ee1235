"""The names and types of the output file, schema 1.

A file holds one run: `/trajectory` has a column per observable along `step`; `/normalized` and
`/stages` are small tables; `/observed` has a user's own observables; `/snapshots` and `/final` hold
states; `/task` is what was learned; attributes hold the spec, the provenance and a UUID of the run.
"""

from __future__ import annotations

from scbsim.storage.hdf5.formats import TASK as TASK
from scbsim.trajectory.tables import REASONS as REASONS

TRAJECTORY = "trajectory"
NORMALIZED = "normalized"
OBSERVED = "observed"
STAGES = "stages"
SNAPSHOTS = "snapshots"
FINAL = "final"
REPLICA, REPLICA_STATUS = "replica", "replica_status"

TASK_DIGEST = "task_digest"
INIT_RUN, INIT_STEP = "init_run_uuid", "init_step"
LACKS = "lacks_steps_before"
"""Attributes of the file: its task, the state that it started from, and the lost rows."""

MOST_CHUNK_ROWS = 16384
MOST_CHUNK_VALUES = 2**16
MOST_CHUNK_BYTES = 2**22
DIAGNOSIS = "diagnosis"
"""Attribute of `/trajectory/status`: what a complete run did not learn, and why; often empty."""

DIAGNOSIS_BYTES = 768


def chunk_rows(expected: int, replicas: int = 1) -> int:
    """Return the rows of a chunk: fewer if few rows are expected, or if there are many replicas."""
    if replicas > 1:
        return max(1, min(MOST_CHUNK_ROWS, MOST_CHUNK_VALUES // replicas, expected))
    return max(16, min(MOST_CHUNK_ROWS, expected))
