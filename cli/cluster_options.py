"""Options of the commands that submit jobs, each defined once."""

from __future__ import annotations

from typing import Any, TypeVar

import click

Command = TypeVar("Command", bound=Any)

_AT_LEAST_1 = click.IntRange(min=1)

_OPTIONS = (
    click.option("--partition", metavar="NAME", help="The site's own choice unless given."),
    click.option("--account", metavar="NAME", help="What is charged."),
    click.option(
        "--time",
        metavar="TIME",
        help="Longest time of a task, as sbatch takes it; 60 minutes by default. What is not "
        "finished by then goes on in the same job, queued again.",
    ),
    click.option("--mem", metavar="SIZE", help="Memory of a task on each node, as in 8G."),
    click.option(
        "--cpus-per-task",
        metavar="N",
        type=_AT_LEAST_1,
        help="Threads of a run, of each of its ranks; 1 by default.",
    ),
    click.option(
        "--nodes",
        metavar="N",
        type=_AT_LEAST_1,
        help="Nodes that share each run by MPI (docs/mpi.md), where it is too large for one.",
    ),
    click.option(
        "--ntasks-per-node", metavar="N", type=_AT_LEAST_1, help="Ranks on each node; 1 by default."
    ),
    click.option(
        "--srun-mpi",
        metavar="NAME",
        help="How srun connects the ranks, its --mpi: pmi2 by default, pmix for an Open MPI.",
    ),
    click.option(
        "--array-parallelism",
        metavar="N",
        type=_AT_LEAST_1,
        help="Tasks at a time, 256 by default.",
    ),
    click.option(
        "--runs-per-task",
        metavar="N",
        type=_AT_LEAST_1,
        help="Runs that a task does one after the other, where they are short; 1 by default.",
    ),
    click.option(
        "--sbatch",
        metavar="KEY=VALUE",
        multiple=True,
        help="Any other option of sbatch, as in --sbatch qos=long. May be given several times.",
    ),
)


def cluster_options(command: Command) -> Command:
    """Take all that a job asks the cluster for."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def given(options: dict[str, Any]) -> dict[str, Any]:
    """Return those options that were typed."""
    return {name: value for name, value in options.items() if value not in (None, ())}
