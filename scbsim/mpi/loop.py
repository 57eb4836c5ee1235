"""The loop of a shared run, whose ranks take blocks of the same length."""

from __future__ import annotations

from scbsim.mpi.world import World
from scbsim.run.loop import Loop


class SharedLoop(Loop):
    """The loop on one rank; the pace is that of rank 0, as clocks differ.

    Parameters
    ----------
    world : World
    *args, **options
        As :class:`scbsim.run.loop.Loop`. What ``stop`` says must be the same on all ranks.
    """

    def __init__(self, world: World, *args: object, **options: object) -> None:
        self._world = world
        super().__init__(*args, **options)  # type: ignore[arg-type]

    def _paced(self, steps: int, seconds: float) -> int:
        return int(self._world.bcast(super()._paced(steps, seconds)))
