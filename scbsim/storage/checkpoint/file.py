"""Checkpoints: everything a run needs to resume bit for bit, in a separate file.

A checkpoint is written under a temporary name, synced, and renamed into place; the one before is
kept. Each array has a CRC, so that a partly written or damaged one is detected.
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
from scbsim.storage.checkpoint import shards
from scbsim.storage.hdf5.attributes import put_text, text
from scbsim.storage.hdf5.formats import CHECKPOINT
from scbsim.storage.hdf5.reading import fail_if_unread
from scbsim.storage.hdf5.write import raising_run_failed, written
from scbsim.storage.runfile.states import ALL, Share
from scbsim.util.atomic import atomic_write, remove_stale
from scbsim.util.disk_space import LEAST_ROOM
from scbsim.util.paths import beside

_NAMES = ("ckpt", "ckpt.1")
"""Suffixes of the last two checkpoints, the newest first."""

_OVERHEAD_BYTES = 2048
"""Upper bound on the bytes that HDF5 writes for an array besides its values."""


@dataclass(frozen=True)
class Checkpoint:
    """A run between two steps."""

    run_uuid: str
    spec: str  # as JSON
    # The step, the position in the stages, what was recorded, where the shards are.
    facts: dict[str, Any]
    state: dict[str, NDArray[Any]]  # of the engine; for an ensemble the states of all replicas


def write_checkpoint(output: Path, checkpoint: Checkpoint) -> None:
    """Write a checkpoint beside an output; if that fails, the earlier ones are still there.

    Raise RunFailed if it could not be written.
    """
    newest, before = beside(output, "ckpt"), beside(output, "ckpt.1")
    with raising_run_failed(newest), atomic_write(newest) as file:
        _write(file.name, checkpoint)
        if newest.exists():
            os.replace(newest, before)
    _remove_stale_shards(output)


def _write(path: str, checkpoint: Checkpoint) -> None:
    size = sum(array.nbytes + _OVERHEAD_BYTES for array in checkpoint.state.values())
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
    """Remove the shards that no checkpoint refers to."""
    if not shards.shards_beside(output):
        return
    there = [name for name in _NAMES if beside(output, name).exists()]
    found = [_facts(output, name) for name in there]
    if not all(found):
        # A checkpoint that cannot be read now may be readable later.
        return
    tables = (facts.get("shards") for facts in found)
    shards.remove_shards(output, but=[table["generation"] for table in tables if table])


def read_checkpoint(
    output: Path,
    read: Callable[[Path, str], Checkpoint] | None = None,
    fits: Callable[[Checkpoint], bool] = lambda _: True,
) -> Checkpoint | None:
    """Return the last checkpoint beside an output that is intact and fits, or None.

    ``read`` returns a checkpoint, given the output and its suffix; by default :func:`read_one`.
    ``fits`` returns whether to accept it.

    Raises
    ------
    MemoryNeeded
        If it does not fit into memory.
    RunFailed
        If the system could not read it.
    """
    for name in _NAMES:
        try:
            found = (read or read_one)(output, name)
        except ScbsimError:
            raise
        except FileNotFoundError:
            continue
        except Exception as error:
            # A system error is raised: it is no reason to resume from an older checkpoint.
            fail_if_unread(beside(output, name), error)
            continue
        if fits(found):
            return found
    return None


def checkpoint_step(output: Path) -> int | None:
    """Return the step of the last checkpoint beside an output, without reading its state."""
    for name in _NAMES:
        if facts := _facts(output, name):
            return int(facts["step"])
    return None


def _facts(output: Path, name: str) -> dict[str, Any]:
    """Return the facts of a checkpoint; empty if it is missing or unreadable."""
    with suppress(Exception), shards.opened_checkpoint(beside(output, name)) as file:
        facts: dict[str, Any] = json.loads(text(file.attrs, "facts"))
        return facts
    return {}


def remove_checkpoints(output: Path) -> None:
    """Remove all checkpoints beside an output."""
    # The last two names are of earlier versions.
    for name in ("ckpt.1", "ckpt", "ckpt.tmp", "new"):
        beside(output, name).unlink(missing_ok=True)
    shards.remove_shards(output)
    remove_stale(output)


def read_one(output: Path, name: str, share: Share = ALL) -> Checkpoint:
    """Return a checkpoint, with the columns of its bulk that ``share`` selects.

    Any error except a lack of memory means that it is damaged.
    """
    path = beside(output, name)
    with shards.opened_checkpoint(path) as file:
        if text(file.attrs, "format") != CHECKPOINT:
            raise ValueError(f"{path} is no checkpoint")
        facts = json.loads(text(file.attrs, "facts"))
        state = {}
        for name, data in _arrays(file):
            if name == "bulk":
                state[name] = shards.read_columns(data, share)
                continue
            state[name] = data[()]
            if _crc(state[name]) != int(data.attrs["crc32"]):
                raise ValueError(f"{path}: {name} is damaged")
        if "shards" in facts:
            state["bulk"] = shards.read_shards(output, facts["shards"], share)
        return Checkpoint(
            run_uuid=text(file.attrs, "run_uuid"),
            spec=text(file.attrs, "spec"),
            facts=facts,
            state=state,
        )


def _arrays(group: h5py.Group) -> Iterator[tuple[str, h5py.Dataset]]:
    """Yield the arrays of a state and their names, which may be paths such as ``3/bulk``."""
    for name, node in group.items():
        if isinstance(node, h5py.Group):
            yield from ((f"{name}/{inner}", data) for inner, data in _arrays(node))
        else:
            yield name, node


def _crc(array: NDArray[Any]) -> int:
    return zlib.crc32(np.ascontiguousarray(array).reshape(-1).view(np.uint8).data)
