"""The ranks of a shared run and their communication."""

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
    """An error on another rank, with its exit status; that rank reports it."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.exit_status = status  # type: ignore[misc]


class World:
    """The ranks of a run, each with its columns.

    Parameters
    ----------
    comm : mpi4py.MPI.Intracomm
        A duplicate of it is used.

    Attributes
    ----------
    here : int
        The number of ranks on this node.
    agreed : bool
        Whether the current error is raised on every rank.
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
        """Whether this is rank 0, which writes the output and the messages."""
        return self.rank == 0

    def firsts(self, N: int) -> NDArray[np.int64]:
        """Return the first column of each rank, and N; the ranges are as even as possible."""
        return np.arange(self.size + 1) * N // self.size

    def columns(self, N: int) -> slice:
        """Return the columns of this rank."""
        firsts = self.firsts(N)
        return slice(int(firsts[self.rank]), int(firsts[self.rank + 1]))

    def bcast(self, value: Any) -> Any:
        """Return the value of rank 0."""
        return self.comm.bcast(value)

    @property
    def share(self) -> Share:
        """The columns of this rank, for readers of files."""
        return Share(self.columns, self.here)

    def processors(self) -> int:
        """Return the number of processors for this rank: its share of those of the node."""
        own = allowed()
        of_node = set().union(*self._node.allgather(own))
        return max(1, min(len(own), len(of_node) // self.here))

    def any(self, here: bool) -> bool:
        """Return whether a condition holds on any rank."""
        return bool(max(self.comm.allgather(bool(here))))

    def collective(self, work: Callable[[], Result]) -> Result:
        """Call ``work`` on every rank; an error on one is raised on all.

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
        """Raise an error found by all ranks: `RunFailed` on rank 0, else `RemoteRankError`."""
        self.agreed = True
        if self.is_root:
            raise RunFailed(message)
        raise RemoteRankError(message, RunFailed.exit_status)

    def on_root(self, work: Callable[[], Result]) -> Result | None:
        """Call ``work`` on rank 0; return its result there, and None on the others."""
        return self.collective(lambda: work() if self.is_root else None)

    def exchange(self, rows: NDArray[Any], counts: NDArray[np.int64]) -> None:
        """Fill in the float64 rows of the other ranks; each has ``counts[rank]``, in order."""
        if self.size == 1:
            return
        from mpi4py import MPI

        each = rows[0].size if len(rows) else 1
        ends = np.cumsum(counts)
        places = ((ends - counts) * each).tolist()
        self.comm.Allgatherv(MPI.IN_PLACE, [rows, (counts * each).tolist(), places, MPI.DOUBLE])
