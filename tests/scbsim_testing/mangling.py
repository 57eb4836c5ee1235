"""Output files, whole and interrupted, and the ways in which they are spoilt."""

from __future__ import annotations

import os
from pathlib import Path

import h5py
import numpy as np
from numpy.typing import NDArray

from scbsim import RunSpec, simulate

SPEC = {
    "seed": 5,
    "task": {"N": 5, "T": 40, "Q": 2, "P_concentration": 0.1},
    "dynamics": {"batch_size": 1e5},
    "init": {"alpha_A": 0.1, "alpha_V": 0.1},
    "stage": [{"steps": 60, "normalize_level": 0.1}, {"steps": 240}],
    "output": {"snapshot_every": 100, "final_state": True, "checkpoint_seconds": 1e-9},
}


class After:
    """Says stop, or ends the process without a word, when it is asked for the n-th time."""

    def __init__(self, asked: int, *, killed: bool = False) -> None:
        self.left, self.killed = asked, killed

    def __call__(self) -> bool:
        self.left -= 1
        if self.left == 0 and self.killed:
            os._exit(0)
        return self.left <= 0


def make(folder: Path, how: str) -> Path:
    """Write ``complete.h5``, ``stopped.h5`` or ``killed.h5``; the last two have checkpoints."""
    path, spec = folder / f"{how}.h5", RunSpec.from_dict(SPEC)
    if how == "killed":
        child = os.fork()
        if not child:
            simulate(spec, output=path, stop=After(5, killed=True))
            os._exit(1)
        assert os.waitpid(child, 0)[1] == 0
    else:
        simulate(spec, output=path, stop=After(5) if how == "stopped" else None)
    return path


def raw(path: Path) -> list[tuple[int, int]]:
    """Return where a file has numbers without a checksum, as (begin, end)."""
    found = []

    def visit(_name: str, item: object) -> None:
        if not isinstance(item, h5py.Dataset) or item.fletcher32:
            return
        if item.chunks is None:
            # What only names a dimension has no numbers.
            if item.id.get_storage_size():
                found.append((item.id.get_offset(), item.id.get_storage_size()))
        else:
            chunks = (item.id.get_chunk_info(i) for i in range(item.id.get_num_chunks()))
            found.extend((chunk.byte_offset, chunk.size) for chunk in chunks)

    with h5py.File(path, "r") as file:
        file.visititems(visit)
    return [(begin, begin + size) for begin, size in found]


MARKS = (
    *(b"\x89HDF", b"OHDR", b"OCHK", b"FRHP", b"FHDB", b"FHIB", b"BTHD", b"BTLF", b"BTIN", b"GCOL"),
    *(b"FAHD", b"FADB", b"EAHD", b"EAIB", b"EASB", b"EADB", b"TREE", b"SNOD"),
)
"""What each structure of HDF5 begins with."""


def boundaries(content: bytes) -> list[int]:
    """Return where a structure of HDF5 begins, in order."""
    found = set()
    for mark in MARKS:
        at = content.find(mark)
        while at >= 0:
            found.add(at)
            at = content.find(mark, at + 1)
    return sorted(found)


def _cut(rng: np.random.Generator, content: bytes, _where: object) -> bytes:
    return content[: rng.integers(len(content))]


def _flipped(rng: np.random.Generator, content: bytes, where: NDArray[np.int64] | None) -> bytes:
    spoilt = bytearray(content)
    for _ in range(rng.integers(1, 9)):
        at = rng.integers(len(content)) if where is None else rng.choice(where)
        spoilt[at] ^= int(rng.integers(1, 256))
    return bytes(spoilt)


def _blank(rng: np.random.Generator, content: bytes, _where: object) -> bytes:
    size, at = int(2 ** rng.uniform(2, 14)), int(rng.integers(len(content)))
    return content[:at] + bytes(len(content[at : at + size])) + content[at + size :]


def _scrambled(rng: np.random.Generator, content: bytes, _where: object) -> bytes:
    size, at = int(2 ** rng.uniform(2, 12)), int(rng.integers(len(content)))
    return content[:at] + rng.bytes(len(content[at : at + size])) + content[at + size :]


MANGLES = {
    "cut": _cut,
    "bytes": _flipped,
    "metadata": _flipped,
    "blank": _blank,
    "scrambled": _scrambled,
}
"""How to spoil a file: (random generator, content, offsets to spoil or None) -> content."""
