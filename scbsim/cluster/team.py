"""Who does the runs of a task: its process alone, or all of its ranks together."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from scbsim.spec import RunSpec

if TYPE_CHECKING:
    from scbsim.mpi.world import World

Result = TypeVar("Result")


class Team(Protocol):
    """Processes that do the same at the same time; one of them leads.

    Attributes
    ----------
    leads : bool
        Whether this one does.
    many : bool
        Whether there are others.
    """

    leads: bool
    many: bool

    def any(self, here: bool) -> bool:
        """Return whether it is so in any of them."""
        ...

    def on_lead(self, work: Callable[[], Result]) -> Result:
        """Do something in the one that leads; return what it gives in all of them."""
        ...

    def run(self, spec: RunSpec, **options: Any) -> str:
        """Run a spec into a file, and return how the run ended."""
        ...

    def failed_alike(self) -> bool:
        """Return whether what was just raised here was so in all of them, which then go on."""
        ...

    def lost(self, error: Exception) -> bool:
        """Return whether an error says that others of them are gone, and nothing of the run."""
        ...


class Alone:
    """One process."""

    leads, many = True, False

    def any(self, here: bool) -> bool:
        """Return whether it is so."""
        return here

    def on_lead(self, work: Callable[[], Result]) -> Result:
        """Do something."""
        return work()

    def run(self, spec: RunSpec, **options: Any) -> str:
        """Run a spec into a file, and return how the run ended."""
        from scbsim.run.simulate import run_to_file

        return run_to_file(spec, **options).status

    def failed_alike(self) -> bool:
        """Return True."""
        return True

    def lost(self, error: Exception) -> bool:
        """Return False: there are no others."""
        return False


class Ranks:
    """The ranks of a world."""

    many = True

    def __init__(self, world: World) -> None:
        self._world = world
        self.leads = world.is_root

    def any(self, here: bool) -> bool:
        """Return whether it is so on any rank."""
        return self._world.any(here)

    def on_lead(self, work: Callable[[], Result]) -> Result:
        """Do something on rank 0; return on all what it gives there."""
        result: Result = self._world.bcast(self._world.on_root(work))
        return result

    def run(self, spec: RunSpec, **options: Any) -> str:
        """Run a spec on all ranks into a file, and return how the run ended."""
        from scbsim.mpi.run import run_shared_to_file

        return run_shared_to_file(self._world, spec, **options).status

    def failed_alike(self) -> bool:
        """Return whether every rank met what was just raised, or knows of it."""
        alike, self._world.agreed = self._world.agreed, False
        return alike

    def lost(self, error: Exception) -> bool:
        """Return whether an error is MPI's own."""
        from mpi4py import MPI

        return isinstance(error, MPI.Exception)
