"""A folder of work in parts: of a sweep, whose parts are runs, or of a phase diagram.

A manifest is written once, atomically, and never changes. The states of parts are in their files.
"""

from __future__ import annotations

import json
import os
import secrets
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar, Generic, Protocol, Self, TypeVar

from scbsim._version import __version__
from scbsim.errors import OutputError, SpecError
from scbsim.storage.hdf5.lock import held
from scbsim.storage.runfile.status import More, RunStatus
from scbsim.util.arguments import given
from scbsim.util.atomic import atomic_write
from scbsim.util.paths import require_regular, resolved


class Part(Protocol):
    """A part of the work: a name that no other part has, and the values that it is about."""

    @property
    def name(self) -> str:  # noqa: D102
        ...

    @property
    def values(self) -> dict[str, Any]:  # noqa: D102
        ...


PartOf = TypeVar("PartOf", bound=Part)


class WorkFolder(ABC, Generic[PartOf]):
    """A folder with a manifest, and a folder in it for each part.

    ``id`` is unique to it, once it is created.
    """

    MANIFEST: ClassVar[str]
    FORMAT: ClassVar[str]
    SCHEMA: ClassVar[int] = 1
    WORK: ClassVar[str]
    """What the work is: ``sweep``."""

    MADE_BY: ClassVar[str]
    """The commands that make such a folder."""

    PART: ClassVar[str]
    """What one of its parts is called."""

    def __init__(self, path: str | os.PathLike[str], id: str, parts: Sequence[PartOf]) -> None:
        self.path = resolved(path)
        self.id = id
        self.parts = parts
        self.by_name = {part.name: part for part in parts}

    @classmethod
    def open(cls, path: str | os.PathLike[str]) -> Self:
        """Open a folder; raise OutputError if it is not one, or its manifest is damaged."""
        path = resolved(path)
        manifest = path / cls.MANIFEST
        try:
            if manifest.exists():
                require_regular(manifest)
            found = json.loads(manifest.read_text(encoding="utf-8"))
            if found["format"] != cls.FORMAT or found["schema"] != cls.SCHEMA:
                raise OutputError(
                    f"{manifest} is {found['format']} {found['schema']}, and this scbsim reads "
                    f"{cls.FORMAT} {cls.SCHEMA}"
                )
            return cls._read(path, str(found["id"]), found)
        except OSError as error:
            raise OutputError(
                f"{path} is not the folder of a {cls.WORK} ({cls.MANIFEST}: {error.strerror}); "
                f"{cls.MADE_BY}"
            ) from None
        except (ValueError, KeyError, TypeError, IndexError, SpecError) as error:
            raise OutputError(f"{manifest} is damaged: {error}") from None

    def require_no_file(self) -> None:
        """Raise OutputError if there is a file in the place of the folder."""
        if self.path.exists() and not self.path.is_dir():
            raise OutputError(f"{self.path} is a file, where the folder of a {self.WORK} is wanted")

    def created(self) -> Self:
        """Create the folder, or return the one that is there if it holds the same work.

        Raises
        ------
        OutputError
            If it holds other work, with what differs, or cannot be written.
        RunFailed
            If another process creates it at the same time.
        """
        path = self.path
        self.require_no_file()
        try:
            path.mkdir(parents=True, exist_ok=True)
            if not (path / self.MANIFEST).exists():
                with held(path / self.MANIFEST), suppress(FileExistsError):
                    self.id = secrets.token_hex(4)
                    self._write_manifest()
                    return self
        except OSError as error:
            raise OutputError(f"{path} cannot be written: {error.strerror or error}") from None
        there = self.open(path)
        if differ := self._differences(there):
            raise OutputError(
                f"{path} holds another {self.WORK}: {'; '.join(differ)}. "
                f"{given('output')} with another folder keeps both"
            )
        return there

    def _write_manifest(self) -> None:
        """Write the manifest; raise FileExistsError if another process did meanwhile."""
        content = {
            "format": self.FORMAT,
            "schema": self.SCHEMA,
            "id": self.id,
            "created_utc": datetime.now(UTC).isoformat(timespec="seconds"),
            "code_version": __version__,
            **self._content(),
        }
        write_json(self.path / self.MANIFEST, content, replace=False)

    def held(self) -> AbstractContextManager[None]:
        """Lock the folder against other processes that do or submit its work.

        Raise RunFailed if another process holds the lock.
        """
        return held(self.path / self.MANIFEST)

    def begun(self) -> set[str]:
        """Return the names in the folder, which include all parts that were begun.

        Raise OutputError if the folder cannot be read.
        """
        try:
            return set(os.listdir(self.path))
        except OSError as error:
            raise OutputError(f"{self.path} cannot be read: {error.strerror}") from None

    @classmethod
    @abstractmethod
    def _read(cls, path: Path, id: str, manifest: Mapping[str, Any]) -> Self:
        """Return the folder of a manifest."""

    @abstractmethod
    def _content(self) -> dict[str, Any]:
        """Return what the manifest says of the work."""

    @abstractmethod
    def _differences(self, there: Self) -> list[str]:
        """Return in words how the work differs from that of another folder."""

    @abstractmethod
    def output(self, part: PartOf) -> Path:
        """Return the path of the output of a part."""

    @abstractmethod
    def prepared(self, part: PartOf) -> Path:
        """Create the folder of a part, and what belongs there before it is begun."""

    @abstractmethod
    def do(self, part: PartOf, run: Callable[..., str], stop: Callable[[], bool]) -> str:
        """Do a part, or go on with it, and return how it ended.

        ``run`` runs a spec into a file, as :meth:`scbsim.cluster.team.Team.run`.
        """

    @abstractmethod
    def total(self, part: PartOf) -> int:
        """Return how many steps, or points, a part has."""

    @abstractmethod
    def status_of(self, part: PartOf, more: More | None) -> RunStatus:
        """Return how far the output of a part is; ``more`` is called with the open file of a run.

        Raise OutputError if it cannot be read.
        """

    @abstractmethod
    def mismatch(self, part: PartOf, found: RunStatus) -> str:
        """Return how the work in an output differs from the one that belongs there, or ""."""

    @abstractmethod
    def require_sound(self, ranks: int) -> None:
        """Raise InputError if the work cannot be done, each part shared by so many ranks."""


def write_json(
    path: Path, content: Mapping[str, Any], *, indent: int | None = 1, replace: bool = True
) -> None:
    """Write JSON atomically; raise FileExistsError if the file exists and ``replace`` is False."""
    with atomic_write(path, replace=replace) as file:
        file.write(json.dumps(content, indent=indent).encode())
