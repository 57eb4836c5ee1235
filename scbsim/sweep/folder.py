"""The folder of a sweep: its manifest, and a folder for each run.

The manifest is written once, atomically, and never changes. The states of runs are in their files.
"""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Mapping
from contextlib import AbstractContextManager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from scbsim._version import __version__
from scbsim.errors import OutputError, SpecError
from scbsim.spec.difference import differences
from scbsim.spec.sweep import Sweep, SweepRun
from scbsim.storage.hdf5.lock import held
from scbsim.util.atomic import atomic_write
from scbsim.util.paths import require_regular, resolved
from scbsim.util.text import counted

MANIFEST = "sweep.json"
FORMAT = "scbsim-sweep"
SCHEMA = 1


class SweepFolder:
    """A folder with a manifest; ``id`` is unique to the sweep."""

    def __init__(self, path: Path, sweep: Sweep, id: str) -> None:
        self.path = path
        self.sweep = sweep
        self.id = id
        self.by_name = {run.name: run for run in sweep.runs}

    @classmethod
    def open(cls, path: str | os.PathLike[str]) -> SweepFolder:
        """Open the folder of a sweep.

        Raise OutputError if it is not the folder of a sweep, or its manifest is damaged.
        """
        path = resolved(path)
        manifest = path / MANIFEST
        try:
            if manifest.exists():
                require_regular(manifest)
            found = json.loads(manifest.read_text(encoding="utf-8"))
            if found["format"] != FORMAT or found["schema"] != SCHEMA:
                raise OutputError(
                    f"{manifest} is {found['format']} {found['schema']}, and this scbsim reads "
                    f"{FORMAT} {SCHEMA}"
                )
            sweep = Sweep.from_json(json.dumps(found["tables"]), found["base_dir"])
            return cls(path, sweep, str(found["id"]))
        except OSError as error:
            raise OutputError(
                f"{path} is not the folder of a sweep ({MANIFEST}: {error.strerror}); "
                "`scbsim sweep` and `scbsim submit` make one"
            ) from None
        except (ValueError, KeyError, TypeError, SpecError) as error:
            raise OutputError(f"{manifest} is damaged: {error}") from None

    @classmethod
    def made(cls, path: str | os.PathLike[str], sweep: Sweep) -> SweepFolder:
        """Create the folder of a sweep, or open it if it holds the same sweep.

        Raises
        ------
        OutputError
            If it holds another sweep, with what differs, or cannot be written.
        RunFailed
            If another process creates it at the same time.
        """
        path = resolved(path)
        if path.exists() and not path.is_dir():
            raise OutputError(f"{path} is a file, where the folder of a sweep is wanted")
        try:
            path.mkdir(parents=True, exist_ok=True)
            if not (path / MANIFEST).exists():
                with held(path / MANIFEST), suppress(FileExistsError):
                    return cls._new(path, sweep)
        except OSError as error:
            raise OutputError(f"{path} cannot be written: {error.strerror or error}") from None
        there = cls.open(path)
        differ = _differences(sweep, there.sweep)
        if differ:
            raise OutputError(
                f"{path} holds another sweep: {'; '.join(differ)}. "
                "-o with another folder keeps both"
            )
        return there

    @classmethod
    def _new(cls, path: Path, sweep: Sweep) -> SweepFolder:
        """Write the manifest; raise FileExistsError if another process did meanwhile."""
        folder = cls(path, sweep, secrets.token_hex(4))
        content = {
            "format": FORMAT,
            "schema": SCHEMA,
            "id": folder.id,
            "created_utc": datetime.now(UTC).isoformat(timespec="seconds"),
            "code_version": __version__,
            "base_dir": sweep.base_dir,
            "tables": json.loads(sweep.to_json()),
            "runs": [run.name for run in sweep.runs],
        }
        write_json(path / MANIFEST, content, replace=False)
        return folder

    def held(self) -> AbstractContextManager[None]:
        """Lock the folder against other processes that run or submit its sweep.

        Raise RunFailed if another process holds the lock.
        """
        return held(self.path / MANIFEST)

    def output(self, run: SweepRun) -> Path:
        """Return the path of the output of a run."""
        return self.path / run.name / "run.h5"

    def log(self, run: SweepRun) -> Path:
        """Return the path of the log of a run."""
        return self.path / run.name / "log.txt"

    def begun(self) -> set[str]:
        """Return the names in the folder, which include all runs that were begun.

        Raise OutputError if the folder cannot be read.
        """
        try:
            return set(os.listdir(self.path))
        except OSError as error:
            raise OutputError(f"{self.path} cannot be read: {error.strerror}") from None

    def prepared(self, run: SweepRun) -> Path:
        """Create the folder of a run and its spec; return the path of the spec."""
        path = self.path / run.name / "spec.toml"
        path.parent.mkdir(parents=True, exist_ok=True)
        with atomic_write(path) as file:
            file.write(self.sweep.spec_of(run).to_toml().encode())
        return path


def write_json(
    path: Path, content: Mapping[str, Any], *, indent: int | None = 1, replace: bool = True
) -> None:
    """Write JSON atomically; raise FileExistsError if the file exists and ``replace`` is False."""
    with atomic_write(path, replace=replace) as file:
        file.write(json.dumps(content, indent=indent).encode())


def _differences(here: Sweep, there: Sweep) -> list[str]:
    """Return what differs between two sweeps: their dimensions, or else the spec that varies."""
    mine, theirs = ({d.name: d for d in sweep.dimensions} for sweep in (here, there))
    found = []
    for name in dict.fromkeys([*theirs, *mine]):
        if name not in mine or name not in theirs:
            where = "there" if name in theirs else "here"
            found.append(f"{name} varies {where} only")
        elif json.dumps(mine[name].values) != json.dumps(theirs[name].values):
            n, m = len(theirs[name].values), len(mine[name].values)
            found.append(
                f"{name} has other values ({counted(n, 'value')} there, {counted(m, 'value')} here)"
            )
    if found:
        return found
    if [d.name for d in here.dimensions] != [d.name for d in there.dimensions]:
        return ["what varies has another order"]
    specs = [json.loads(sweep.spec_of(sweep.runs[0]).to_json()) for sweep in (here, there)]
    return [each for each in differences(*specs) if each.split(" ")[0] not in here.varying]
