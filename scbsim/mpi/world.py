"""The ranks of a shared run, and how they communicate."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn, TypeVar

import numpy as np
from numpy.typing import NDArray

from scbsim.errors import RunFailed, ScbsimError
from scbsim.mpi.segments import forget_segments
from scbsim.storage.runfile.states import Share
from scbsim.util.cores import allowed

Result = TypeVar("Result")


class RemoteRankError(ScbsimError):
    """An error on another rank, which reports it.

    Attributes
    ----------
    exit_status : int
        That of the error there.
    """

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.exit_status = status  # type: ignore[misc]


class World:
    """Ranks that do the same, each with its columns.

    Parameters
    ----------
    comm : mpi4py.MPI.Intracomm
        Its ranks; a duplicate of it is used.

    Attributes
    ----------
    rank, size : int
    here : int
        How many of them are on this node.
    agreed : bool
        Whether an error that is on its way is on its way on every rank.
    """

    def __init__(self, comm: Any) -> None:
        self.comm = comm.Dup()
        self.rank, self.size = int(comm.rank), int(comm.size)
        self.agreed = False
        from mpi4py import MPI

        self._node = self.comm.Split_type(MPI.COMM_TYPE_SHARED)
        self.here = int(self._node.size)
        self._node.Barrier()
        forget_segments()

    @property
    def is_root(self) -> bool:
        """Whether this is the rank that writes the output and speaks."""
        return self.rank == 0

    def firsts(self, N: int) -> NDArray[np.int64]:
        """Return the first column of each rank, and N: contiguous ranges, as even as can be."""
        return np.arange(self.size + 1) * N // self.size

    def columns(self, N: int) -> slice:
        """Return the columns of this rank."""
        firsts = self.firsts(N)
        return slice(int(firsts[self.rank]), int(firsts[self.rank + 1]))

    def bcast(self, value: Any) -> Any:
        """Return the value that rank 0 has."""
        return self.comm.bcast(value)

    @property
    def share(self) -> Share:
        """The columns of this rank, for those who read them."""
        return Share(self.columns, self.here)

    def processors(self) -> int:
        """Return how many processors are there for this rank; those of a node are shared out."""
        mine = allowed()
        all_here = set().union(*self._node.allgather(mine))
        return max(1, min(len(mine), len(all_here) // self.here))

    def any(self, here: bool) -> bool:
        """Return whether it is so on any rank."""
        return bool(max(self.comm.allgather(bool(here))))

    def all_equal(self, value: Any) -> bool:
        """Return whether all ranks have equal values."""
        return len(set(self.comm.allgather(value))) == 1

    def collective(self, work: Callable[[], Result]) -> Result:
        """Do something on every rank; an error on one is raised on all.

        Raises
        ------
        RemoteRankError
            If it failed on other ranks only.
        """
        result, error = None, None
        try:
            result = work()
        except Exception as caught:
            error = caught
        found = error and (str(error), getattr(error, "exit_status", 1))
        everyone = self.comm.allgather(found)
        failed = [rank for rank, each in enumerate(everyone) if each is not None]
        if failed:
            self.agreed = True
            if self.rank == failed[0] and error is not None:
                raise error
            raise RemoteRankError(*everyone[failed[0]])
        return result  # type: ignore[return-value]

    def fail(self, message: str) -> NoReturn:
        """Raise an error that all ranks have found, on rank 0 as its own.

        Raises
        ------
        RunFailed
            On rank 0.
        RemoteRankError
            On the others.
        """
        self.agreed = True
        raise (
            RunFailed(message) if self.is_root else RemoteRankError(message, RunFailed.exit_status)
        )

    def on_root(self, work: Callable[[], Result]) -> Result | None:
        """Do something on rank 0; return what it gives there, and None on the others."""
        return self.collective(lambda: work() if self.is_root else None)

    def exchange(self, rows: NDArray[Any], counts: NDArray[np.int64]) -> None:
        """Fill the rows of all ranks in, those of this rank being there.

        Parameters
        ----------
        rows : (n, ...) float64
        counts : (ranks,) int64
            How many of them are of each rank, in order.
        """
        if self.size == 1:
            return
        from mpi4py import MPI

        each = rows[0].size if len(rows) else 1
        ends = np.cumsum(counts)
        places = ((ends - counts) * each).tolist()
        self.comm.Allgatherv(MPI.IN_PLACE, [rows, (counts * each).tolist(), places, MPI.DOUBLE])
