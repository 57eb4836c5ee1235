"""Options of the commands that submit jobs."""

from __future__ import annotations

from typing import Any, TypeVar

import click

Command = TypeVar("Command", bound=Any)

_AT_LEAST_1 = click.IntRange(min=1)

_OPTIONS = (
    click.option("--partition", metavar="NAME", help="Partition; the site's default unless given."),
    click.option("--account", metavar="NAME", help="Account to charge."),
    click.option(
        "--time",
        metavar="TIME",
        help="Time limit of a task, in the format of sbatch; 60 minutes by default. A task that "
        "is not finished by then is queued again in the same job.",
    ),
    click.option("--mem", metavar="SIZE", help="Memory of a task on each node, such as 8G."),
    click.option(
        "--cpus-per-task",
        metavar="N",
        type=_AT_LEAST_1,
        help="Threads of a run, or of each of its ranks; 1 by default.",
    ),
    click.option(
        "--nodes",
        metavar="N",
        type=_AT_LEAST_1,
        help="Nodes that share each run by MPI (docs/mpi.md), for runs too large for one.",
    ),
    click.option(
        "--ntasks-per-node", metavar="N", type=_AT_LEAST_1, help="Ranks on each node; 1 by default."
    ),
    click.option(
        "--srun-mpi",
        metavar="NAME",
        help="The --mpi of srun: pmi2 by default, pmix for Open MPI.",
    ),
    click.option(
        "--array-parallelism",
        metavar="N",
        type=_AT_LEAST_1,
        help="Tasks that run at a time; 256 by default.",
    ),
    click.option(
        "--runs-per-task",
        metavar="N",
        type=_AT_LEAST_1,
        help="Short runs that one task does one after the other; 1 by default.",
    ),
    click.option(
        "--sbatch",
        metavar="KEY=VALUE",
        multiple=True,
        help="Any other option of sbatch, such as --sbatch qos=long. May be given several times.",
    ),
)


def cluster_options(command: Command) -> Command:
    """Add the options for the resources of a job."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def given(options: dict[str, Any]) -> dict[str, Any]:
    """Return the options that were given."""
    return {name: value for name, value in options.items() if value not in (None, ())}
