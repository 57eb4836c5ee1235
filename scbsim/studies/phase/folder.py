"""The folder of a phase diagram that is drawn in parts, such as by the tasks of a cluster's job."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from scbsim.errors import InputError, OutputError
from scbsim.spec import RunSpec
from scbsim.spec.ranges import Range
from scbsim.storage.hdf5.lock import held, writer_of
from scbsim.storage.runfile.status import More, RunStatus
from scbsim.studies.phase.criterion import Criterion
from scbsim.studies.phase.drawing import Drawing
from scbsim.studies.phase.grid import Grid, Point
from scbsim.sweep.work import WorkFolder
from scbsim.util.arguments import switch
from scbsim.util.cores import usable_cores
from scbsim.util.text import counted

_PATIENCE = 10.0
"""Seconds that points have to end when a job is to stop; Slurm kills it some time later."""


@dataclass(frozen=True)
class DiagramPart:
    """Points of a diagram that are run by one process, one after another."""

    name: str
    points: tuple[Point, ...]
    values: dict[str, Any]  # how many points it has


class DiagramFolder(WorkFolder[DiagramPart]):
    """The folder of a phase diagram; each of its parts has some points.

    ``sizes`` has the number of points of each part, in the order of the grid.
    """

    MANIFEST = "diagram.json"
    FORMAT = "scbsim-diagram"
    WORK = "phase diagram"
    MADE_BY = "`scbsim submit` with --x and --y makes one"
    PART = "part"

    def __init__(
        self,
        path: str | os.PathLike[str],
        grid: Grid,
        sizes: Sequence[int],
        id: str = "planned",
    ) -> None:
        super().__init__(path, id, _parts(grid, sizes))
        self.grid = grid

    @classmethod
    def _read(cls, path: Path, id: str, manifest: Mapping[str, Any]) -> Self:
        axes = {
            name: Range(axis["key"], tuple(axis["values"]), axis["spacing"])
            for name, axis in manifest["axes"].items()
        }
        grid = Grid(
            base=RunSpec.from_json(json.dumps(manifest["spec"])),
            x=axes["x"],
            y=axes["y"],
            rules=tuple(manifest["rules"]),
            replicas=int(manifest["replicas"]),
            criterion=Criterion.parse(manifest["recovered"]),
        )
        return cls(path, grid, manifest["sizes"], id)

    def _content(self) -> dict[str, Any]:
        grid = self.grid
        axes = {
            name: {"key": axis.key, "values": axis.values, "spacing": axis.spacing}
            for name, axis in (("x", grid.x), ("y", grid.y))
        }
        return {
            "spec": json.loads(grid.base.to_json()),
            "axes": axes,
            "rules": grid.rules,
            "replicas": grid.replicas,
            "recovered": str(grid.criterion),
            "sizes": [len(part.points) for part in self.parts],
        }

    def _differences(self, there: Self) -> list[str]:
        return self.grid.unlike(there.grid.identity())

    def output(self, part: DiagramPart) -> Path:
        """Return the path of the file of a part, a diagram of which the other points are not done.

        It is the file of :mod:`scbsim.studies.phase.file`.
        """
        return self.path / part.name / "phase.h5"

    def prepared(self, part: DiagramPart) -> Path:
        """Create the folder of a part and return it."""
        path = self.path / part.name
        path.mkdir(parents=True, exist_ok=True)
        return path

    def do(self, part: DiagramPart, run: Callable[..., str], stop: Callable[[], bool]) -> str:
        """Run the points of a part that are not done."""
        with held(self.output(part)):
            drawing = Drawing(self.grid, self.output(part), points=part.points)
            drawing.run(usable_cores(), False, stop, _PATIENCE)
        return "complete"

    def total(self, part: DiagramPart) -> int:
        """Return the number of points of a part."""
        return len(part.points)

    def status_of(self, part: DiagramPart, more: More | None = None) -> RunStatus:
        """Return how many points of a part are done, as its step."""
        from scbsim.studies.phase.file import read

        output = self.output(part)
        # Before the file, which may be complete by the time that its lock is gone.
        writer = writer_of(output)
        try:
            results, found = read(output, self.grid)
        except OutputError as error:
            raise OutputError(
                str(error).replace(f"{switch('overwrite')} replaces it", "remove it")
            ) from None
        done = sum(bool(results.done[point]) for point in part.points)
        status = "complete" if done == len(part.points) else found["status"]
        return RunStatus(status, done, writer, "")

    def mismatch(self, part: DiagramPart, found: RunStatus) -> str:
        """Return "", since a file of another diagram cannot be read as one of this."""
        return ""

    def require_sound(self, ranks: int) -> None:
        """Raise InputError unless each part has one process."""
        if ranks > 1:
            raise InputError(
                "--nodes and --ntasks-per-node share a run, and each part of a phase diagram is of "
                "one process; --cpus-per-task is how many of its points run at a time"
            )


def _parts(grid: Grid, sizes: Sequence[int]) -> list[DiagramPart]:
    points = list(grid.points())
    if sum(sizes) != len(points) or min(sizes) < 1:
        raise ValueError(f"the parts of {counted(len(points), 'point')} have {sum(sizes)}")
    digits, parts, first = len(str(len(sizes) - 1)), [], 0
    for i, size in enumerate(sizes):
        of_part = tuple(points[first : first + size])
        parts.append(DiagramPart(f"part-{i:0{digits}}", of_part, {"points": size}))
        first += size
    return parts
