"""Checkpoints: everything a run needs to go on to the same bits, in a file of its own.

Written under a temporary name, synced, and moved into place; the one before is kept. Each array
has a CRC, so that what a crash or a disk left half done is never taken for a state.
"""

from __future__ import annotations

import json
import os
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from scbsim.errors import ScbsimError
from scbsim.storage.checkpoint.shards import (
    opened_whole,
    read_columns,
    read_shards,
    remove_shards,
    shards_beside,
)
from scbsim.storage.hdf5.attributes import put_text, text
from scbsim.storage.hdf5.formats import CHECKPOINT
from scbsim.storage.hdf5.reading import fail_if_unread
from scbsim.storage.hdf5.write import failing_plainly, written
from scbsim.storage.runfile.states import ALL, Share
from scbsim.util.atomic import atomic_write, remove_stale
from scbsim.util.disk_space import LEAST_ROOM
from scbsim.util.paths import beside

_BYTES_OF_A_NAME = 2048
"""What HDF5 writes of an array besides the array, at the most."""


@dataclass(frozen=True)
class Checkpoint:
    """A run between two steps.

    Attributes
    ----------
    run_uuid : str
        Whose it is.
    spec : str
        Of which spec, as JSON.
    facts : dict
        Small numbers: the step, where in the stages, what the recorder had recorded.
        Of a shared run, under ``shards``, where the bulk is.
    state : dict of arrays
        The engine's; of an ensemble those of all replicas.
    """

    run_uuid: str
    spec: str
    facts: dict[str, Any]
    state: dict[str, NDArray[Any]]


def write_checkpoint(output: Path, checkpoint: Checkpoint) -> None:
    """Put a checkpoint beside an output: afterwards it is there, or the ones before still are.

    Raises
    ------
    RunFailed
        If it could not be written.
    """
    newest, before = beside(output, "ckpt"), beside(output, "ckpt.1")
    with failing_plainly(newest), atomic_write(newest) as file:
        _write(file.name, checkpoint)
        if newest.exists():
            os.replace(newest, before)
    _remove_stale_shards(output)


def _write(path: str, checkpoint: Checkpoint) -> None:
    size = sum(array.nbytes + _BYTES_OF_A_NAME for array in checkpoint.state.values())
    with written(path, size + LEAST_ROOM) as file:
        put_text(
            file.attrs,
            format=CHECKPOINT,
            run_uuid=checkpoint.run_uuid,
            spec=checkpoint.spec,
            facts=json.dumps(checkpoint.facts),
        )
        for name, array in checkpoint.state.items():
            data = file.create_dataset(name, data=array)
            data.attrs["crc32"] = _crc(array)


def _remove_stale_shards(output: Path) -> None:
    """Take away the shards of which no checkpoint says anything any more."""
    if not shards_beside(output):
        return
    there = [name for name in ("ckpt", "ckpt.1") if beside(output, name).exists()]
    named = [_facts(output, name) for name in there]
    if not all(named):
        # What cannot be read now may well be read later.
        return
    tables = (facts.get("shards") for facts in named)
    remove_shards(output, but=[table["generation"] for table in tables if table])


def read_checkpoint(
    output: Path,
    read: Callable[[Path, str], Checkpoint] | None = None,
    fits: Callable[[Checkpoint], bool] = lambda _: True,
) -> Checkpoint | None:
    """Return the last checkpoint beside an output that is whole and fits, or None.

    Parameters
    ----------
    output : Path
    read : callable, optional
        Reads one, given the output and its suffix; :func:`read_one` unless given.
    fits : callable
        Whether one that was read is to be taken.

    Raises
    ------
    MemoryNeeded
        If it does not fit into memory.
    RunFailed
        If the system could not read it.
    """
    for name in ("ckpt", "ckpt.1"):
        try:
            found = (read or read_one)(output, name)
        except ScbsimError:
            raise
        except FileNotFoundError:
            continue
        except Exception as error:
            # Not for a fault of its own: the run must not begin anew for that.
            fail_if_unread(beside(output, name), error)
            continue
        if fits(found):
            return found
    return None


def checkpoint_step(output: Path) -> int | None:
    """Return the step of the last checkpoint beside an output, without reading its state."""
    for name in ("ckpt", "ckpt.1"):
        if facts := _facts(output, name):
            return int(facts["step"])
    return None


def _facts(output: Path, name: str) -> dict[str, Any]:
    """Return the small numbers of a checkpoint; none where there is none."""
    with suppress(Exception), opened_whole(beside(output, name)) as file:
        facts: dict[str, Any] = json.loads(text(file.attrs, "facts"))
        return facts
    return {}


def remove_checkpoints(output: Path) -> None:
    """Take all of them away."""
    # The last two are what earlier versions made.
    for name in ("ckpt.1", "ckpt", "ckpt.tmp", "new"):
        beside(output, name).unlink(missing_ok=True)
    remove_shards(output)
    remove_stale(output)


def read_one(output: Path, name: str, share: Share = ALL) -> Checkpoint:
    """Return a checkpoint, with some columns of its bulk: all of them unless told otherwise.

    Any error says that it is not whole, but one of memory.
    """
    path = beside(output, name)
    with opened_whole(path) as file:
        if text(file.attrs, "format") != CHECKPOINT:
            raise ValueError(f"{path} is no checkpoint")
        facts = json.loads(text(file.attrs, "facts"))
        state = {}
        for name, data in _arrays(file):
            if name == "bulk":
                state[name] = read_columns(data, share)
                continue
            state[name] = data[()]
            if _crc(state[name]) != int(data.attrs["crc32"]):
                raise ValueError(f"{path}: {name} is damaged")
        if "shards" in facts:
            state["bulk"] = read_shards(output, facts["shards"], share)
        return Checkpoint(
            run_uuid=text(file.attrs, "run_uuid"),
            spec=text(file.attrs, "spec"),
            facts=facts,
            state=state,
        )


def _arrays(group: h5py.Group) -> Iterator[tuple[str, h5py.Dataset]]:
    """Give the arrays of a state by their names, which may have parts."""
    for name, node in group.items():
        if isinstance(node, h5py.Group):
            yield from ((f"{name}/{inner}", data) for inner, data in _arrays(node))
        else:
            yield name, node


def _crc(array: NDArray[Any]) -> int:
    return zlib.crc32(np.ascontiguousarray(array).reshape(-1).view(np.uint8).data)
