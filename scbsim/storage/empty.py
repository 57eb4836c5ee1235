"""The output file of a run before its first row: everything in it that does not grow."""

from __future__ import annotations

import json
from io import BytesIO
from typing import Any

import h5py
import numpy as np

from scbsim._version import __version__
from scbsim.observables import OBSERVABLES, STATUS_CODE
from scbsim.run_header import RunHeader
from scbsim.storage.schema import (
    FORMAT,
    LIBVER,
    NORMALIZED,
    REASONS,
    SCHEMA_VERSION,
    STAGES,
    TASK,
    TRAJECTORY,
    chunk_rows,
)
from scbsim.trajectory import task_attributes


def empty_file(header: RunHeader) -> bytes:
    """Return the bytes of the file: header and task, and columns with no rows.

    Made in memory, so that a full disk meets a plain write and not half of HDF5.
    """
    image = BytesIO()
    with h5py.File(image, "w", libver=LIBVER) as file:
        file.attrs["format"] = FORMAT
        file.attrs["schema_version"] = SCHEMA_VERSION
        file.attrs["run_uuid"] = header.run_uuid
        file.attrs["created_utc"] = header.created_utc
        file.attrs["code_version"] = __version__
        file.attrs["spec"] = header.spec.to_json()
        file.attrs["provenance"] = json.dumps(header.provenance)
        task = file.create_group(TASK)
        for name in ("mu", "P", "q_positions", "q_weights"):
            task.create_dataset(name, data=getattr(header.task, name))
        task.attrs.update(task_attributes(header))
        expected = header.spec.total_steps // header.spec.output.every + 2
        _make_trajectory(file, chunk_rows(expected))
        _make_tables(file, len(header.spec.stage))
    return image.getvalue()


def _make_trajectory(file: h5py.File, chunk: int) -> None:
    group = file.create_group(TRAJECTORY)
    growing: dict[str, Any] = {"shape": (0,), "maxshape": (None,), "chunks": (chunk,)}
    step = group.create_dataset("step", dtype=np.int64, **growing)
    step.attrs["long_name"] = "steps taken"
    step.make_scale("step")
    stage = group.create_dataset("stage", dtype=np.int64, **growing)
    stage.attrs["long_name"] = "stage, from 0"
    stage.dims[0].attach_scale(step)
    for o in OBSERVABLES:
        column = group.create_dataset(o.name, dtype=np.float64, fillvalue=np.nan, **growing)
        column.attrs["long_name"] = o.long_name
        column.attrs["units"] = "1"
        column.dims[0].attach_scale(step)
    group.create_dataset("n_committed", data=np.int64(0))
    group.create_dataset("status", data=np.int64(STATUS_CODE["running"]))


def _make_tables(file: h5py.File, stages: int) -> None:
    group = file.create_group(NORMALIZED)
    few: dict[str, Any] = {"shape": (0,), "maxshape": (None,), "chunks": (stages + 1,)}
    for name in ("step", "stage", "count"):
        group.create_dataset(name, dtype=np.int64, **few)
    for o in OBSERVABLES:
        column = group.create_dataset(o.name, dtype=np.float64, fillvalue=np.nan, **few)
        column.attrs["long_name"] = o.long_name
    group = file.create_group(STAGES)
    group.attrs["reasons"] = json.dumps(REASONS)
    for name in ("stage", "end_step", "reason"):
        group.create_dataset(name, dtype=np.int64, **few)
