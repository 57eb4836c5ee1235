"""``scbsim status``: how the runs of a sweep are doing."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from scbsim.cli.console import say
from scbsim.cli.options import debug_option

if TYPE_CHECKING:
    from scbsim.sweep.folder import SweepFolder
    from scbsim.sweep.states import RunState

_SHOWN = 50


@click.command(short_help="Say how the runs of a sweep are doing.")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Every run, as JSON.")
@debug_option
def status(folder: Path, as_json: bool) -> None:
    """Say how many runs in DIR are complete, running, queued, failed, and which are not complete.

    It only reads: the files, their locks, and the cluster's queue if jobs were submitted.
    """
    from scbsim.cluster.jobs import queued_tasks, was_submitted
    from scbsim.errors import RunFailed
    from scbsim.sweep.folder import SweepFolder
    from scbsim.sweep.states import states

    there, queue, note = SweepFolder.open(folder), {}, ""
    if was_submitted(there):
        try:
            queue = queued_tasks(there)
        except RunFailed as error:
            note = f"the queue is not known: {error}"
    found = states(there, queue)
    if as_json:
        import json

        click.echo(json.dumps(_as_json(there, found, note), indent=1))
    else:
        _print(there, found)
        if note:
            say(note, err=True)


def _counts(found: list[RunState]) -> dict[str, int]:
    from scbsim.sweep.states import STATES

    names = [each.state for each in found]
    return {name: names.count(name) for name in STATES if name in names}


def _as_json(folder: SweepFolder, found: list[RunState], note: str) -> dict[str, Any]:
    runs = [
        {
            "name": each.run.name,
            "values": each.run.values,
            "state": each.state,
            "step": each.step,
            "total": each.total,
            "note": each.note,
            "job": each.job,
            "file": str(folder.output(each.run)),
        }
        for each in found
    ]
    return {"path": str(folder.path), "note": note, "counts": _counts(found), "runs": runs}


def _print(folder: SweepFolder, found: list[RunState]) -> None:
    from scbsim.sweep.states import BROKEN, FINISHED

    counts = _counts(found)
    said = ", ".join(f"{count} {name}" for name, count in counts.items())
    say(f"{folder.path}: {len(found)} runs: {said}")
    left = [each for each in found if each.state not in FINISHED or each.note]
    # What asks for something to be done stands first.
    left.sort(key=lambda each: (each.state in FINISHED, each.state not in BROKEN))
    width = max((len(each.run.name) for each in left[:_SHOWN]), default=0)
    for each in left[:_SHOWN]:
        steps = f"{each.step}/{each.total}"
        line = f"  {each.run.name:<{width}}  {each.state:<11}  {steps}  {each.note}"
        say(line.rstrip())
    if len(left) > _SHOWN:
        say(f"  and {len(left) - _SHOWN} more; --json has all")
    if all(each.state in FINISHED for each in left):
        say(f"next: scbsim collect {folder.path} -o ALL.h5")
