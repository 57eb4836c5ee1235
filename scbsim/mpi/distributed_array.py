"""An array whose rows are distributed over the ranks, and which rank 0 writes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scbsim.mpi.world import World
from scbsim.storage.hdf5.array_blocks import Hyperslab, hyperslabs


class DistributedArray:
    """The rows ``own``, (n, T), of this rank, with the shape and size of the whole array.

    ``N`` is the number of rows of the whole array.
    """

    def __init__(self, world: World, own: NDArray[Any], N: int) -> None:
        self.own = own
        self.shape, self.dtype, self.itemsize = (N, own.shape[1]), own.dtype, own.itemsize
        self.nbytes = N * own.shape[1] * own.itemsize
        self._world = world

    def blocks(self) -> Iterator[tuple[Hyperslab, NDArray[Any]]]:
        """Yield the whole array in blocks on rank 0, while the other ranks call :meth:`give`."""
        for rank, (rows, positions) in self._parts():
            if rank == self._world.rank:
                yield (rows, positions), self.own[rows, positions]
                continue
            shape = (rows.stop - rows.start, positions.stop - positions.start)
            piece = np.empty(shape, self.dtype)
            self._world.comm.Recv(piece.view(np.uint8), source=rank)
            yield (rows, positions), piece

    def give(self) -> None:
        """Send the rows of this rank to rank 0."""
        first = self._world.columns(self.shape[0]).start
        for rank, (rows, positions) in self._parts():
            if rank == self._world.rank:
                piece = self.own[rows.start - first : rows.stop - first, positions]
                self._world.comm.Send(piece.view(np.uint8), dest=0)

    def _parts(self) -> Iterator[tuple[int, Hyperslab]]:
        firsts = self._world.firsts(self.shape[0]).tolist()
        for rank in range(self._world.size):
            for place in hyperslabs(firsts[rank], firsts[rank + 1], self.shape[1], self.itemsize):
                yield rank, place
