"""The bulk of a checkpoint in shards, each written by one MPI rank of a shared run.

The checkpoint names its shards, so shards count only once the checkpoint is renamed into place;
shards that a killed run left behind do not. Columns are read by their global index, so that the run
can resume on any number of ranks, or without MPI.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from scbsim.errors import OutputError
from scbsim.storage.hdf5.array_blocks import hyperslabs
from scbsim.storage.hdf5.open import opened_hdf5
from scbsim.storage.hdf5.write import raising_run_failed, written
from scbsim.storage.runfile.states import Share
from scbsim.util.atomic import atomic_write
from scbsim.util.disk_space import LEAST_ROOM
from scbsim.util.memory import require
from scbsim.util.text import counted

_BULK = "bulk"


def shard_path(output: Path, generation: int, rank: int) -> Path:
    """Return the path of a shard: ``OUT.h5.ckpt.g3.r0``."""
    return output.with_name(f"{output.name}.ckpt.g{generation}.r{rank}")


def shards_beside(output: Path) -> dict[Path, int]:
    """Return the shards beside an output, and the generation of each."""
    name = re.compile(re.escape(output.name) + r"\.ckpt\.g(\d+)\.r\d+")
    if not output.parent.is_dir():
        return {}
    found = {path: name.fullmatch(path.name) for path in output.parent.iterdir()}
    return {path: int(match[1]) for path, match in found.items() if match}


def next_generation(output: Path) -> int:
    """Return a generation number that no shard has."""
    return 1 + max(shards_beside(output).values(), default=0)


def remove_shards(output: Path, but: Iterable[int] = ()) -> None:
    """Remove the shards beside an output, except those of the generations ``but``."""
    keep = set(but)
    for path, generation in shards_beside(output).items():
        if generation not in keep:
            path.unlink(missing_ok=True)


def write_shard(path: Path, bulk: NDArray[Any]) -> None:
    """Write and fsync the columns of a rank; raise RunFailed if that fails."""
    room = bulk.nbytes + LEAST_ROOM
    with raising_run_failed(path), atomic_write(path) as making, written(making.name, room) as file:
        data = file.create_dataset(_BULK, data=bulk)
        data.attrs["crc32"] = zlib.crc32(bulk.reshape(-1).view(np.uint8).data)


@contextmanager
def opened_checkpoint(path: Path) -> Iterator[h5py.File]:
    """Open a checkpoint or a shard; raise ValueError, as for any damage, if it is neither."""
    try:
        with opened_hdf5(path) as file:
            yield file
    except OutputError as error:
        raise ValueError(str(error)) from error


def read_shards(output: Path, table: dict[str, Any], share: Share) -> NDArray[Any]:
    """Return columns of a bulk in shards.

    Parameters
    ----------
    output : Path
    table : dict
        From the checkpoint: ``generation``; ``firsts``, the first column of each shard, then N;
        ``T`` and ``dtype``.
    share : Share

    Raises
    ------
    ValueError, OSError
        If a shard with one of the columns is missing or damaged.
    """
    firsts = table["firsts"]
    wanted = share.of(firsts[-1])
    bulk = _allocate(wanted, table["T"], np.dtype(table["dtype"]), share.processes)
    for rank, (first, end) in enumerate(pairwise(firsts)):
        if first < wanted.stop and end > wanted.start:
            path = shard_path(output, table["generation"], rank)
            with opened_checkpoint(path) as file:
                if file[_BULK].shape != (end - first, table["T"]):
                    raise ValueError(f"{path} does not have the columns in its checkpoint")
                _copy(file[_BULK], first, wanted, bulk)
    return bulk


def read_columns(data: h5py.Dataset, share: Share) -> NDArray[Any]:
    """Return columns of a bulk without shards; raise ValueError if any column is damaged."""
    wanted = share.of(len(data))
    bulk = _allocate(wanted, data.shape[1], data.dtype, share.processes)
    _copy(data, 0, wanted, bulk)
    return bulk


def _allocate(wanted: slice, T: int, dtype: np.dtype[Any], processes: int) -> NDArray[Any]:
    columns = wanted.stop - wanted.start
    needed = processes * columns * T * dtype.itemsize
    require(needed, f"to resume with {counted(processes * columns, 'column')} of T = {T}")
    return np.empty((columns, T), dtype)


def _copy(data: h5py.Dataset, first: int, wanted: slice, bulk: NDArray[Any]) -> None:
    """Copy the wanted rows into ``bulk``, and check all; row 0 of ``data`` is column ``first``."""
    crc = 0
    n, T = data.shape
    for rows, positions in hyperslabs(0, n, T, data.dtype.itemsize):
        block = data[rows, positions]
        crc = zlib.crc32(block.reshape(-1).view(np.uint8).data, crc)
        begin = max(wanted.start, first + rows.start)
        end = min(wanted.stop, first + rows.stop)
        if begin < end:
            here = block[begin - first - rows.start : end - first - rows.start]
            bulk[begin - wanted.start : end - wanted.start, positions] = here
    if crc != int(data.attrs["crc32"]):
        raise ValueError(f"{data.name} is damaged")
