"""The position in the random stream at which the noise of a run begins, in its file."""

from __future__ import annotations

import os

import h5py
import numpy as np

from scbsim.engines.random_stream import ORIGIN, UNKNOWN, StreamStart, size_of_batches
from scbsim.storage.hdf5.attributes import spec_table, table
from scbsim.storage.runfile.reader import final_of, opened

_STEP, _SAMPLE = "first_noise_step", "first_noise_sample"


def put_stream(attributes: h5py.AttributeManager, start: StreamStart) -> None:
    """Write where the noise of a run begins in the random stream."""
    attributes[_STEP] = np.int64(start.step)
    attributes[_SAMPLE] = np.uint64(start.sample)


def read_stream(attributes: h5py.AttributeManager) -> StreamStart | None:
    """Return where the noise of a run begins; None if an older version wrote the file."""
    if _STEP not in attributes:
        return None
    return StreamStart(int(attributes[_STEP]), int(attributes[_SAMPLE]))


def stream_after(path: str | os.PathLike[str]) -> StreamStart:
    """Return where a run that starts from the last state of a file continues its random stream.

    Raise OutputError if there is no such file, or it is not one of scbsim's.
    """
    with opened(path) as file:
        start = read_stream(file.attrs)
        spec = spec_table(file.attrs)
        engine = table(file.attrs, "provenance")["engine"]
        final = final_of(path, file)
        steps = int(final["step"][0])
        samples = int(final["samples"][0, 0]) if "samples" in final else None
    if start is None:
        start = ORIGIN if spec.get("init", {}).get("from") is None else UNKNOWN
    size = size_of_batches(engine, spec["dynamics"]["batch_size"])
    return start.after(steps, size, samples)
