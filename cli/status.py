"""``scbsim status``: the states of the runs of a sweep, or of the parts of a phase diagram."""

from __future__ import annotations

from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Any

import click

from scbsim.cli.console import say
from scbsim.cli.options import debug_option, sweep_folder_argument
from scbsim.observables import in_words
from scbsim.util.text import counted

if TYPE_CHECKING:
    from scbsim.sweep.states import RunState
    from scbsim.sweep.work import WorkFolder

_SHOWN = 50


@click.command(short_help="Show the states of a sweep or of a submitted phase diagram.")
@sweep_folder_argument
@click.option("--json", "as_json", is_flag=True, help="Every run, as JSON.")
@debug_option
def status(folder: Path, as_json: bool) -> None:
    """Count what in DIR is complete, running, queued or failed; list what is incomplete.

    DIR is the folder of a sweep, which has runs, or of a phase diagram, which has parts.

    This command only reads: the files, their locks, and the cluster's queue if jobs were submitted.
    """
    from scbsim.cluster.folders import opened as open_folder
    from scbsim.cluster.jobs import queued_tasks, was_submitted
    from scbsim.errors import RunFailed
    from scbsim.sweep.states import states

    opened, queue, note = open_folder(folder), {}, ""
    if was_submitted(opened):
        try:
            queue = queued_tasks(opened)
        except RunFailed as error:
            note = f"the queue is not known: {error}"
    found = states(opened, queue)
    if as_json:
        import json

        click.echo(json.dumps(_as_json(opened, found, note), indent=1))
    else:
        _print(opened, found)
        if note:
            say(note, err=True)


def _counts(found: list[RunState[Any]]) -> dict[str, int]:
    from scbsim.sweep.states import STATES

    names = [each.state for each in found]
    return {name: names.count(name) for name in STATES if name in names}


def _as_json(folder: WorkFolder[Any], found: list[RunState[Any]], note: str) -> dict[str, Any]:
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


def _print(folder: WorkFolder[Any], found: list[RunState[Any]]) -> None:
    from scbsim.sweep.states import BROKEN, FINISHED

    say(f"{folder.path}: {counted(len(found), folder.PART)}: {in_words(_counts(found))}")
    left = [each for each in found if each.state not in FINISHED or each.note]
    # Runs that need an action come first.
    left.sort(key=lambda each: (each.state in FINISHED, each.state not in BROKEN))
    width = max((len(each.run.name) for each in left[:_SHOWN]), default=0)
    for each in left[:_SHOWN]:
        steps = f"{each.step}/{each.total}"
        say(f"  {each.run.name:<{width}}  {each.state:<11}  {steps}  {each.note}".rstrip())
    if len(left) > _SHOWN:
        say(f"  and {len(left) - _SHOWN} more; --json has all")
    if all(each.state in FINISHED for each in left):
        say(f"next: scbsim collect {quote(str(folder.path))} -o ALL.h5")
