"""Reading the state of a run to resume: rank 0 chooses it, and every rank reads its columns."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from scbsim.errors import ScbsimError
from scbsim.mpi.world import World
from scbsim.state import State
from scbsim.storage.checkpoint.file import Checkpoint, read_checkpoint, read_one
from scbsim.storage.checkpoint.resume_point import Fits, Reading
from scbsim.storage.hdf5.reading import fail_if_unread
from scbsim.storage.runfile.reader import opened
from scbsim.storage.runfile.schema import FINAL
from scbsim.storage.runfile.states import read_state

_FINAL = "final"


class SharedReading(Reading):
    """Reads the columns of each rank; a state that any rank cannot read counts as damaged.

    Rank 0 decides what to read. The others :meth:`serve` until it calls :meth:`dismiss`. ``state``
    is the state that was read last, with the columns of this rank.
    """

    def __init__(self, world: World) -> None:
        self.state: State = {}
        self._world = world

    def checkpoint(self, output: Path, fits: Fits) -> Checkpoint | None:
        """Return the last checkpoint of an output that all ranks can read, or None."""
        return read_checkpoint(output, self._request, fits)

    def final(self, path: Path) -> tuple[int, State]:
        """Return the step and the last state in the file of a complete run."""
        found: tuple[int, State] = self._request(path, _FINAL)
        return found

    def serve(self) -> None:
        """Read, on a rank other than 0, what rank 0 requests, until it needs nothing more."""
        failed = None
        while (request := self._world.bcast(None)) is not None:
            try:
                self._read(*request)
            except ScbsimError as error:
                failed = error
            except ValueError:
                continue
        if failed:
            raise failed

    def dismiss(self) -> None:
        """End the :meth:`serve` of the other ranks, on rank 0."""
        self._world.bcast(None)

    def _request(self, path: Path, name: str) -> Any:
        return self._read(*self._world.bcast((path, name)))

    def _read(self, path: Path, name: str) -> Any:
        found = self._world.collective(lambda: self._read_own(path, name))
        if self._world.any(found is None):
            raise ValueError(f"{path}: {name} is missing or damaged")
        self.state = found[1] if name == _FINAL else found.state
        return found

    def _read_own(self, path: Path, name: str) -> Any:
        share = self._world.share
        try:
            if name == _FINAL:
                with opened(path) as file:
                    return read_state(file[FINAL], 0, share)
            return read_one(path, name, share)
        except ScbsimError:
            raise
        except FileNotFoundError:
            return None
        except Exception as error:
            fail_if_unread(path, error)
            return None
