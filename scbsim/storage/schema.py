"""The names and types of the output file, schema 1.

A file is a run: `/trajectory` has a column per observable along `step`; `/normalized` and
`/stages` are small tables; `/snapshots` and `/final` hold states; `/task` explains what was
learned; attributes carry the spec, the provenance and a name that no other run has.
"""

from __future__ import annotations

from scbsim.trajectory import REASONS as REASONS

FORMAT = "scbsim"
SCHEMA_VERSION = "1.0"

TRAJECTORY = "trajectory"
NORMALIZED = "normalized"
STAGES = "stages"
TASK = "task"
SNAPSHOTS = "snapshots"
FINAL = "final"

MOST_CHUNK_ROWS = 16384
MOST_CHUNK_VALUES = 2**16
MOST_CHUNK_BYTES = 2**22


def chunk_rows(expected: int, replicas: int = 1) -> int:
    """Return the rows of a chunk: fewer where fewer are expected, or where they are wide."""
    if replicas > 1:
        return max(1, min(MOST_CHUNK_ROWS, MOST_CHUNK_VALUES // replicas, expected))
    return max(16, min(MOST_CHUNK_ROWS, expected))
