"""Options of the commands that draw phase diagrams: the grid, and what counts as recovered."""

from __future__ import annotations

from typing import Any, Final, TypeVar

import click
from click.core import ParameterSource

from scbsim.cli.options import range_option

Command = TypeVar("Command", bound=Any)

NAMES: Final = ("x", "y", "replicas", "rules", "recovered")


def grid_options(command: Command, *, required: bool = True) -> Command:
    """Add ``--x`` and ``--y``, and the options of their grid."""
    options = [
        range_option("--x", "Key along x, and values.", required=required),
        range_option("--y", "Key along y, and values.", required=required),
        click.option(
            "--replicas",
            metavar="R",
            type=int,
            default=32,
            show_default=True,
            help="Runs at each point.",
        ),
        click.option(
            "--rules",
            metavar="RULES",
            default="sgd,l1",
            show_default=True,
            help="sgd, l1 or both.",
        ),
        click.option(
            "--recovered",
            metavar="CONDITION",
            default="sim_A >= 0.9",
            show_default=True,
            help='When a run counts as recovered, after its last step; join conditions by "and".',
        ),
    ]
    for option in reversed(options):
        command = option(command)
    return command


def require_both(context: click.Context) -> bool:
    """Return whether a grid is given; raise UsageError if it is only in part."""
    given = [
        name for name in NAMES if context.get_parameter_source(name) is ParameterSource.COMMANDLINE
    ]
    missing = [f"--{name}" for name in ("x", "y") if name not in given]
    if given and missing:
        raise click.UsageError(
            f"--{given[0]} is of a phase diagram, which needs {' and '.join(missing)} as well"
        )
    return bool(given)


def split_rules(rules: str) -> tuple[str, ...]:
    """Return the rules of ``--rules``."""
    return tuple(rule.strip() for rule in rules.split(","))
