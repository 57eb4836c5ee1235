"""A study of many points while they run: its status, and its file, which is saved now and then."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Final

from scbsim.errors import Stopped
from scbsim.util.text import counted

if TYPE_CHECKING:
    import xarray as xr

SAVE_SECONDS: Final = 5.0
"""Between two times that the file is saved."""

KEPT: Final = ("created_utc", "provenance", "status")
"""The attributes of a file with which a study goes on."""


class RunningStudy(ABC):
    """The base class of studies whose points are run in any order and saved in one file.

    Parameters
    ----------
    path : path or None
        The file; without one nothing is saved.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._attributes = {"created_utc": datetime.now(UTC).isoformat(timespec="seconds")}
        self._saved = monotonic()

    @abstractmethod
    def dataset(self) -> xr.Dataset:
        """Return what is done so far."""

    @abstractmethod
    def _write(self, path: Path) -> None:
        """Replace the file by one with what is done so far."""

    @contextmanager
    def _running(self, threads: int, by: str) -> Iterator[None]:
        """Save before the block and after it, with the status that the study has then.

        ``engines`` of the dataset has the engines that were used, ``by`` rule or curve.
        """
        from scbsim.engines.plan import Choice
        from scbsim.run.provenance import provenance

        choice = Choice("by the point", f"`engines` says by {by}")
        self._attributes["provenance"] = json.dumps(provenance(choice, threads, "drawn"))
        self._save("running")
        status = "failed"
        try:
            yield
            status = "complete"
        except (Stopped, KeyboardInterrupt):
            status = "stopped"
            raise
        finally:
            self._save(status)

    def _finish(self) -> None:
        """Save a study without a missing point, if its file does not say that it is complete.

        The process was killed after the last point, before the status was written.
        """
        if self._attributes.get("status") != "complete":
            self._save("complete")

    def _save(self, status: str) -> None:
        self._attributes["status"] = status
        if self._path is not None:
            self._write(self._path)
        self._saved = monotonic()

    def _save_if_due(self) -> None:
        if monotonic() - self._saved > SAVE_SECONDS:
            self._save("running")

    def _stopped(self, done: int, total: int, noun: str) -> Stopped:
        """Return the error of a study that a signal stopped."""
        where = f" of {self._path}; the same command again goes on" if self._path else ""
        return Stopped(f"stopped on a signal after {done} of {counted(total, noun)}{where}")
