"""The folder of a sweep: its manifest, and a folder for each run."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Self

from scbsim.spec.difference import differences
from scbsim.spec.stored import stored_tables
from scbsim.spec.sweep import Sweep, SweepRun
from scbsim.storage.runfile.status import More, RunStatus, run_status
from scbsim.sweep.work import WorkFolder
from scbsim.util.atomic import atomic_write
from scbsim.util.text import counted

MANIFEST = "sweep.json"
FORMAT = "scbsim-sweep"


class SweepFolder(WorkFolder[SweepRun]):
    """The folder of a sweep; its parts are the runs."""

    MANIFEST = MANIFEST
    FORMAT = FORMAT
    WORK = "sweep"
    MADE_BY = "`scbsim sweep` and `scbsim submit` make one"
    PART = "run"

    def __init__(self, path: str | os.PathLike[str], sweep: Sweep, id: str = "planned") -> None:
        super().__init__(path, id, sweep.runs)
        self.sweep = sweep

    @classmethod
    def made(cls, path: str | os.PathLike[str], sweep: Sweep) -> Self:
        """Create the folder of a sweep, or open it if it holds the same sweep.

        Raises
        ------
        OutputError
            If it holds another sweep, with what differs, or cannot be written.
        RunFailed
            If another process creates it at the same time.
        """
        return cls(path, sweep).created()

    @classmethod
    def _read(cls, path: Path, id: str, manifest: Mapping[str, Any]) -> Self:
        tables = json.dumps(manifest["tables"])
        return cls(path, Sweep.from_json(tables, manifest["base_dir"]), id)

    def _content(self) -> dict[str, Any]:
        return {
            "base_dir": self.sweep.base_dir,
            "tables": json.loads(self.sweep.to_json()),
            "runs": [run.name for run in self.sweep.runs],
        }

    def _differences(self, there: Self) -> list[str]:
        return _differences(self.sweep, there.sweep)

    def output(self, part: SweepRun) -> Path:
        """Return the path of the output of a run."""
        return self.path / part.name / "run.h5"

    def log(self, run: SweepRun) -> Path:
        """Return the path of the log of a run."""
        return self.path / run.name / "log.txt"

    def prepared(self, part: SweepRun) -> Path:
        """Create the folder of a run and its spec; return the path of the spec."""
        path = self.path / part.name / "spec.toml"
        path.parent.mkdir(parents=True, exist_ok=True)
        with atomic_write(path) as file:
            file.write(self.sweep.spec_of(part).to_toml().encode())
        return path

    def do(self, part: SweepRun, run: Callable[..., str], stop: Callable[[], bool]) -> str:
        """Run a run, or resume it."""
        return run(self.sweep.spec_of(part), output=self.output(part), resume=True, stop=stop)

    def total(self, part: SweepRun) -> int:
        """Return the steps of a run; raise SpecError if its spec has faults."""
        return self.sweep.total_steps(part)

    def status_of(self, part: SweepRun, more: More | None) -> RunStatus:
        """Return the status of a run's file."""
        return run_status(self.output(part), more)

    def mismatch(self, part: SweepRun, found: RunStatus) -> str:
        """Return how the run in a file differs from the one that belongs there, or ""."""
        here = self.sweep.spec_json(part)
        if found.spec == here:
            return ""
        output = self.output(part)
        try:
            differ = differences(json.loads(here), stored_tables(found.spec))
        except (ValueError, RecursionError):
            return f"{output} has a spec that cannot be read"
        return f"{output} holds another run: {'; '.join(differ)}" if differ else ""

    def require_sound(self, ranks: int) -> None:
        """Raise InputError if functions of the spec cannot be loaded, or ranks cannot share a run.

        All runs are checked.
        """
        from scbsim.mpi.shareable import require_shareable
        from scbsim.sweep.functions import require_functions

        require_functions(self.sweep)
        if ranks > 1:
            for run in self.sweep.runs:
                require_shareable(self.sweep.spec_of(run), ranks)


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
