"""Which of scbsim's formats a file of HDF5 has, and in which version."""

from __future__ import annotations

from pathlib import Path

import h5py

from scbsim.errors import OutputError, warn_caller
from scbsim.storage.hdf5.attributes import spec_table, table, text

FORMAT = "scbsim"
SCHEMA_VERSION = "1.0"

COLLECTION = "scbsim-collection"
"""The format of a file of all runs of a sweep."""

PHASE = "scbsim-phase"
COMPARISON = "scbsim-compare"
SAMPLES = "scbsim-samples"
CHECKPOINT = "scbsim-checkpoint"
"""The formats of diagrams, comparisons, samples and checkpoints."""

TASK_FILE, SHARD = "task", "shard"
"""What files are called here that say no format: those of tasks, and parts of a checkpoint."""

VERSIONS = {FORMAT: SCHEMA_VERSION, COLLECTION: "1.1"}

TASK = "task"
"""The group of a file that holds a task."""

KINDS = {
    FORMAT: "the output of a run",
    COLLECTION: "a file of all runs of a sweep",
    PHASE: "a phase diagram",
    COMPARISON: "a comparison of Gaussian noise with real batches",
    SAMPLES: "a file of samples",
    TASK_FILE: "a file of a task",
    CHECKPOINT: "a checkpoint, from which --resume goes on",
    SHARD: "a part of a checkpoint",
}
"""What a file is, by its format."""


class AnotherFormat(OutputError):
    """A file of HDF5 that is not of the format that is wanted; ``format`` is its own."""

    def __init__(self, message: str, format: str) -> None:
        super().__init__(message)
        self.format = format


def check_format(path: Path, file: h5py.File, wanted: str) -> None:
    """Refuse a file of another format, or of a version that is not known here.

    Raises
    ------
    AnotherFormat
        If it is of another format.
    OutputError
        If it is of another major version. A newer minor one is warned of.
    """
    found = text(file.attrs, "format") if "format" in file.attrs else ""
    if found != wanted:
        said = f"{path} is an HDF5 file, but not an output of scbsim"
        if found == COLLECTION:
            said = (
                f"{path} has all runs of a sweep, and the output of one run is wanted; scbsim.load "
                "opens it, and the folder of the sweep has the runs"
            )
        elif found in KINDS:
            said = f"{path} is {KINDS[found]}, and the output of one run is wanted"
        raise AnotherFormat(said, found)
    version, own = text(file.attrs, "schema_version"), VERSIONS[wanted]
    major, minor = map(int, version.split("."))
    here = tuple(map(int, own.split(".")))
    if major != here[0]:
        raise OutputError(
            f"{path} has schema {version}, and this scbsim reads {here[0]}.x: "
            f"use {'a newer' if major > here[0] else 'an older'} one"
        )
    if minor > here[1]:
        warn_caller(
            f"{path} has schema {version}, newer than the {own} of this scbsim: "
            "what is new in it is not read"
        )


def check_tables(attributes: h5py.AttributeManager) -> None:
    """Refuse an output whose spec or provenance is not what every reader takes for granted.

    Raises
    ------
    ValueError
    """
    spec_table(attributes)
    if not isinstance(table(attributes, "provenance").get("engine"), str):
        raise ValueError("its attribute provenance names no engine")
