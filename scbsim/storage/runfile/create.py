"""Creation of the output file: header, task and empty datasets."""

from __future__ import annotations

import json
from collections.abc import Mapping
from io import BytesIO
from typing import Any

import h5py
import numpy as np

from scbsim._version import __version__
from scbsim.observables import BATCH_LOSS, OBSERVABLES, STATUS_CODE
from scbsim.spec import RunSpec
from scbsim.state import State
from scbsim.storage.hdf5.attributes import put_text, reserve_text
from scbsim.storage.hdf5.dimensions import name_dimensions
from scbsim.storage.hdf5.formats import FORMAT, SCHEMA_VERSION
from scbsim.storage.hdf5.superblock import PAGE
from scbsim.storage.hdf5.write import LIBVER
from scbsim.storage.runfile import schema
from scbsim.storage.runfile.observed import make_observed
from scbsim.storage.runfile.sources import Start
from scbsim.storage.runfile.states import make_states
from scbsim.storage.runfile.stream_start import put_stream
from scbsim.task.digest import digest_of
from scbsim.task.file import TASK_DIMENSIONS
from scbsim.trajectory.dataset import task_attributes
from scbsim.trajectory.header import RunHeader
from scbsim.trajectory.tables import Tables


def empty_file(
    header: RunHeader, state: State, snapshot: State, start: Start | None = None
) -> bytes:
    """Return the bytes of a new output file: header, task, and columns with no rows.

    The file is made in memory, so that a full disk fails a plain write and not HDF5. The datasets
    of the last state and of snapshots have the shapes of ``state`` and ``snapshot``. ``start`` is
    the state of another run that this one starts from.
    """
    image = BytesIO()
    pages = {"fs_strategy": "page", "fs_page_size": PAGE}
    with h5py.File(image, "w", libver=LIBVER, **pages) as file:
        put_text(
            file.attrs,
            format=FORMAT,
            schema_version=SCHEMA_VERSION,
            run_uuid=header.run_uuid,
            created_utc=header.created_utc,
            code_version=__version__,
            spec=header.spec.to_json(),
            provenance=json.dumps(header.provenance),
            **{schema.TASK_DIGEST: digest_of(header.task_parts)},
        )
        put_stream(file.attrs, header.stream)
        if start is not None:
            put_text(file.attrs, **{schema.INIT_RUN: start.run_uuid})
            file.attrs[schema.INIT_STEP] = start.step
        if header.lacks_steps_before:
            file.attrs[schema.LACKS] = header.lacks_steps_before
        task = file.create_group(schema.TASK)
        for name, dimensions in TASK_DIMENSIONS.items():
            # Runs resume from these, so disk errors must be detected.
            if name in header.task.to_arrays():
                data = task.create_dataset(name, data=getattr(header.task, name), fletcher32=True)
                name_dimensions(file, data, dimensions)
        task.attrs.update(task_attributes(header))
        _make_trajectory(file, header)
        _make_tables(file, header)
        make_observed(file, header)
        if header.spec.output.snapshot_every:
            make_states(file, schema.SNAPSHOTS, snapshot)
        if header.keeps_final(state):
            make_states(file, schema.FINAL, state, checked=True)
    return image.getvalue() + bytes(-len(image.getvalue()) % PAGE)


def _make_trajectory(file: h5py.File, header: RunHeader) -> None:
    spec = header.spec
    group = file.create_group(schema.TRAJECTORY)
    R = spec.dynamics.replicas
    wide = (R,) if R > 1 else ()
    chunk = schema.chunk_rows(spec.total_steps // spec.output.every + 2, R)

    def growing(*wide: int) -> dict[str, Any]:
        return {"shape": (0, *wide), "maxshape": (None, *wide), "chunks": (chunk, *wide)}

    step = group.create_dataset("step", dtype=np.int64, **growing())
    put_text(step.attrs, long_name="steps taken")
    step.make_scale("step")
    scales = [step, *([_make_replicas(group, spec)] if R > 1 else [])]
    stage = group.create_dataset("stage", dtype=np.int64, **growing(*wide))
    put_text(stage.attrs, long_name="stage, from 0")
    name_dimensions(file, stage, scales)
    for o in header.observables:
        column = group.create_dataset(o.name, dtype=np.float64, fillvalue=np.nan, **growing(*wide))
        put_text(column.attrs, long_name=o.long_name, units="1")
        name_dimensions(file, column, scales)
    group.create_dataset("n_committed", data=np.int64(0))
    status = group.create_dataset("status", data=np.int64(STATUS_CODE["running"]))
    reserve_text(status.attrs, schema.DIAGNOSIS, schema.DIAGNOSIS_BYTES)


def _make_replicas(group: h5py.Group, spec: RunSpec) -> h5py.Dataset:
    """Create the dimension and the status of replicas in `/trajectory`; return the dimension."""
    first, R = spec.dynamics.replica, spec.dynamics.replicas
    replica = group.create_dataset(schema.REPLICA, data=np.arange(first, first + R))
    put_text(replica.attrs, long_name="index of the noise stream")
    replica.make_scale(schema.REPLICA)
    status = group.create_dataset(schema.REPLICA_STATUS, data=Tables.of(spec).status)
    put_text(status.attrs, long_name="how the replica ended")
    status.dims[0].attach_scale(replica)
    return replica


def _make_tables(file: h5py.File, header: RunHeader) -> None:
    spec = header.spec
    names = [each.name for each in header.observables]
    tables, every = Tables.of(spec, names), spec.output.normalized_every
    expected = len(spec.stage) + 1
    if every:
        expected = schema.chunk_rows(expected + 1 + spec.total_steps // every)
    _make_table(file, schema.NORMALIZED, tables.normalized, "normalization", expected)
    stages = tables.stages
    if spec.dynamics.replicas == 1:
        stages = {"stage": stages["end_step"], **stages}
    _make_table(file, schema.STAGES, stages, "stage_index", expected)
    put_text(file[schema.STAGES].attrs, reasons=json.dumps(schema.REASONS))


def _make_table(
    file: h5py.File, table: str, columns: Mapping[str, Any], dimension: str, expected: int
) -> None:
    """Create an empty table: columns with one entry per replica, or growing lists of one run."""
    group = file.create_group(table)
    names = {o.name: o.long_name for o in (*OBSERVABLES, BATCH_LOSS)}
    growing: dict[str, Any] = {"shape": (0,), "maxshape": (None,), "chunks": (expected,)}
    first = None
    for name, column in columns.items():
        if column.shape[1] > 1:
            data = group.create_dataset(name, data=column)
            name_dimensions(file, data, (dimension, schema.REPLICA))
        else:
            fill = np.nan if name in names else None
            data = group.create_dataset(name, dtype=column.dtype, fillvalue=fill, **growing)
            if first is None:
                first = data
                first.make_scale(name)
            else:
                name_dimensions(file, data, [first])
        if name in names:
            put_text(data.attrs, long_name=names[name])
