"""Options of the commands that submit jobs."""

from __future__ import annotations

from typing import Any, TypeVar

import click

from scbsim.util.pages import by_title

Command = TypeVar("Command", bound=Any)

_COUNT = click.IntRange(min=1)

_OPTIONS: tuple[tuple[str, str, click.IntRange | None, str], ...] = (
    ("--partition", "NAME", None, "Partition; the site's default unless given."),
    ("--account", "NAME", None, "Account to charge."),
    (
        *("--time", "TIME", None),
        "Time limit of a task, in the format of sbatch; by default 1.5 times the upper end of the "
        "estimate, 10 minutes or more. A task "
        "that is not finished by then is queued again in the same job.",
    ),
    (
        *("--mem", "SIZE", None),
        "Memory of a task on each node, such as 8G; by default 1.2 times the estimate, 512M "
        "or more.",
    ),
    ("--cpus-per-task", "N", _COUNT, "Threads of a run, or of each of its ranks; 1 by default."),
    (
        *("--nodes", "N", _COUNT),
        by_title("Nodes that share each run by MPI (docs/mpi.md), for runs too large for one."),
    ),
    ("--ntasks-per-node", "N", _COUNT, "Ranks on each node; 1 by default."),
    ("--srun-mpi", "NAME", None, "The --mpi of srun: pmi2 by default, pmix for Open MPI."),
    ("--array-parallelism", "N", _COUNT, "Tasks that run at a time; 256 by default."),
    ("--runs-per-task", "N", _COUNT, "Short runs that a task does one by one; 1 by default."),
    (
        *("--sbatch", "KEY=VALUE", None),
        "Any other option of sbatch, such as --sbatch qos=long. May be given several times.",
    ),
)


def cluster_options(command: Command) -> Command:
    """Add the options for the resources of a job."""
    for name, metavar, kind, text in reversed(_OPTIONS):
        several = name == "--sbatch"
        command = click.option(name, metavar=metavar, type=kind, multiple=several, help=text)(
            command
        )
    return command


def given(options: dict[str, Any]) -> dict[str, Any]:
    """Return the options that were given."""
    return {name: value for name, value in options.items() if value not in (None, ())}
