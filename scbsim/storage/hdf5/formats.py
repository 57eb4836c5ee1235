"""The formats of scbsim's HDF5 files, and checks of format and version."""

from __future__ import annotations

from pathlib import Path

import h5py

from scbsim.errors import OutputError, warn_caller
from scbsim.storage.hdf5.attributes import spec_table, table, text

SCHEMA_VERSION = "1.0"

FORMAT = "scbsim"
COLLECTION = "scbsim-collection"
PHASE = "scbsim-phase"
BOUNDARY = "scbsim-boundary"
COMPARISON = "scbsim-compare"
SAMPLES = "scbsim-samples"
CHECKPOINT = "scbsim-checkpoint"
"""Values of the attribute ``format``."""

TASK_FILE, SHARD = "task", "shard"
"""Names used here for files that have no attribute ``format``."""

VERSIONS = {FORMAT: SCHEMA_VERSION, COLLECTION: "1.1"}

TASK = "task"
"""The group of a file that holds a task."""

KINDS = {
    FORMAT: "the output of a run",
    COLLECTION: "a file of all runs of a sweep",
    PHASE: "a phase diagram",
    BOUNDARY: "a boundary study",
    COMPARISON: "a comparison of models of noise with real batches",
    SAMPLES: "a file of samples",
    TASK_FILE: "a file of a task",
    CHECKPOINT: "a checkpoint, from which a run is resumed",
    SHARD: "a part of a checkpoint",
}
"""Description of a file, by its format."""


_OF_A_TASK = {"mu", "q_positions", "q_weights"}
_WITHOUT_TRUTH = {"mu", "K_P", "T"}


def is_task(file: h5py.File) -> bool:
    """Return whether a file without the attribute ``format`` has a task."""
    names = set(file)
    return (
        names >= _OF_A_TASK
        or names >= _WITHOUT_TRUTH
        or (TASK in names and set(file[TASK]) >= _OF_A_TASK)
    )


class AnotherFormat(OutputError):
    """An HDF5 file that does not have the wanted format; ``format`` is the one that it has."""

    def __init__(self, message: str, format: str) -> None:
        super().__init__(message)
        self.format = format


def check_format(path: Path, file: h5py.File, wanted: str) -> None:
    """Check the format and the schema version of a file; warn of a newer minor version.

    Raises
    ------
    AnotherFormat
        If it has another format.
    OutputError
        If it has another major version.
    """
    found = text(file.attrs, "format") if "format" in file.attrs else ""
    if found != wanted:
        message = f"{path} is an HDF5 file, but not an output of scbsim"
        if found == COLLECTION:
            message = (
                f"{path} has all runs of a sweep, and the output of one run is wanted; scbsim.load "
                "opens it, and the folder of the sweep has the runs"
            )
        elif found in KINDS or (not found and is_task(file)):
            message = f"{path} is {KINDS[found or TASK_FILE]}, and the output of one run is wanted"
        raise AnotherFormat(message, found)
    version, own = text(file.attrs, "schema_version"), VERSIONS[wanted]
    major, minor = map(int, version.split("."))
    own_major, own_minor = map(int, own.split("."))
    if major != own_major:
        raise OutputError(
            f"{path} has schema {version}, and this scbsim reads {own_major}.x: "
            f"use {'a newer' if major > own_major else 'an older'} one"
        )
    if minor > own_minor:
        warn_caller(
            f"{path} has schema {version}, newer than the {own} of this scbsim: "
            "what is new in it is not read"
        )


def check_tables(attributes: h5py.AttributeManager) -> None:
    """Raise ValueError if the spec or the provenance of an output lacks what every reader uses."""
    spec_table(attributes)
    if not isinstance(table(attributes, "provenance").get("engine"), str):
        raise ValueError("its attribute provenance names no engine")
