"""The processes that do the runs of a task: one process, or all ranks of MPI together."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from scbsim.spec import RunSpec

if TYPE_CHECKING:
    from scbsim.mpi.world import World

Result = TypeVar("Result")


class Team:
    """Processes that call the same methods at the same time; here a single process.

    Attributes
    ----------
    leads : bool
        Whether this process leads the others.
    many : bool
        Whether there are other processes.
    """

    leads, many = True, False

    def any(self, here: bool) -> bool:
        """Return whether ``here`` is True in any process."""
        return here

    def on_lead(self, work: Callable[[], Result]) -> Result:
        """Call ``work`` in the leading process, and return its result in all."""
        return work()

    def run(self, spec: RunSpec, **options: Any) -> str:
        """Run a spec into a file, and return how the run ended."""
        from scbsim.run.simulate import run_to_file

        return run_to_file(spec, **options).status

    def failed_alike(self) -> bool:
        """Return whether all processes raised the error just raised, so that they can continue."""
        return True

    def lost(self, error: Exception) -> bool:
        """Return whether an error means that other processes are gone, and is not of the run."""
        return False


class Ranks(Team):
    """The ranks of a world; rank 0 leads."""

    many = True

    def __init__(self, world: World) -> None:
        self._world = world
        self.leads = world.is_root

    def any(self, here: bool) -> bool:
        """Return whether ``here`` is True on any rank."""
        return self._world.any(here)

    def on_lead(self, work: Callable[[], Result]) -> Result:
        """Call ``work`` on rank 0."""
        result: Result = self._world.bcast(self._world.on_root(work))
        return result

    def run(self, spec: RunSpec, **options: Any) -> str:
        """Run a spec on all ranks."""
        from scbsim.mpi.run import run_shared_to_file

        return run_shared_to_file(self._world, spec, **options).status

    def failed_alike(self) -> bool:
        """Return whether all ranks raised the error just raised."""
        alike, self._world.agreed = self._world.agreed, False
        return alike

    def lost(self, error: Exception) -> bool:
        """Return whether an error is of MPI."""
        from mpi4py import MPI

        return isinstance(error, MPI.Exception)
