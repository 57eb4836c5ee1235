"""One file of all parts of a phase diagram, as :func:`scbsim.phase_diagram` writes it."""

from __future__ import annotations

import os

from scbsim.errors import OutputError
from scbsim.studies.phase.file import read, write
from scbsim.studies.phase.folder import DiagramFolder, DiagramPart
from scbsim.studies.phase.results import Results
from scbsim.sweep.states import FINISHED, RunState, states
from scbsim.util.arguments import switch
from scbsim.util.paths import resolved
from scbsim.util.text import share_of


def collect(
    folder: DiagramFolder,
    output: str | os.PathLike[str],
    *,
    partial: bool = False,
    overwrite: bool = False,
) -> list[RunState[DiagramPart]]:
    """Write the diagram of all parts, and return the parts that are not finished.

    Their points that are done are in the file nevertheless.

    Raises
    ------
    OutputError
        If parts are not finished or cannot be read, and ``partial`` is not set; if ``output``
        exists, without ``overwrite``.
    RunFailed
        If it cannot be written.
    """
    output = resolved(output)
    if output.is_dir():
        raise OutputError(f"{output} is a folder, where a file is to be written")
    if output.exists() and not overwrite:
        raise OutputError(
            f"{output} exists: give another path, or {switch('overwrite')} to replace it"
        )
    found = states(folder)
    left_out = [each for each in found if each.state not in FINISHED]
    if left_out and not partial:
        names = ", ".join(f"{each.run.name} ({each.state})" for each in left_out[:5])
        more = f" and {len(left_out) - 5} more" if len(left_out) > 5 else ""
        raise OutputError(
            f"{share_of(len(left_out), len(found), 'part')} not finished: {names}{more}; "
            f"{switch('partial')} leaves out the points that are not done"
        )
    whole = Results.empty(folder.grid.shape)
    attributes = {"status": "stopped" if left_out else "complete"}
    for each in found:
        # Of a part that failed, the file may be damaged, or may not be there.
        if each.step:
            results, of_part = read(folder.output(each.run), folder.grid)
            whole.take(results, each.run.points)
            for name in ("created_utc", "provenance"):
                attributes.setdefault(name, of_part[name])
    if not whole.done.any():
        raise OutputError(f"{folder.path} has no point that is done")
    write(output, whole.dataset(folder.grid, attributes))
    return left_out
