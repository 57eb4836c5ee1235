"""``scbsim estimate``: what a run, a sweep, a phase diagram or a boundary will take."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from scbsim.cli import completion
from scbsim.cli.console import say
from scbsim.cli.grid_options import require_both, split_rules
from scbsim.cli.options import debug_option, range_option, set_option, threads_option
from scbsim.cli.signals import interruptible
from scbsim.util.text import counted

if TYPE_CHECKING:
    from scbsim.estimates.many import Total
    from scbsim.estimates.one import Estimate


@click.command(short_help="Estimate the time, memory and disk space of a run.")
@click.argument("spec", metavar="SPEC.toml", shell_complete=completion.spec)
@set_option
@threads_option
@range_option("--x", "With --y: of a phase diagram, as `scbsim phase`.")
@range_option("--y", "Key along y, and its values.")
@click.option(
    "--rules", metavar="RULES", default="sgd,l1", help="sgd, l1 or both, of a phase diagram."
)
@range_option(
    "--along",
    "With --find: of a boundary, as `scbsim boundary`; in place of those of the table [boundary].",
)
@range_option("--find", "Key that is searched.")
@click.option(
    "--replicas",
    metavar="R",
    type=int,
    help="Runs at each point of a phase diagram (32) or a boundary (16).",
)
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@debug_option
@interruptible()
@click.pass_context
def estimate(
    ctx: click.Context,
    /,
    spec: str,
    overrides: tuple[str, ...],
    threads: int | None,
    x: str | None,
    y: str | None,
    rules: str,
    as_json: bool,
    **boundary: Any,
) -> None:
    """Estimate what SPEC.toml will take, without running it.

    SPEC.toml is a spec, a sweep (a spec with a table [sweep]), a boundary study (with a table
    [boundary]), or the name of a preset. The times are from `scbsim benchmark` on this machine, or
    from another machine if it was not measured.
    """
    from scbsim.spec.source import read_sweep, read_tables

    of_boundary = boundary["along"] or boundary["find"] or "boundary" in read_tables(spec)
    if x is None and y is None and of_boundary:
        if ctx.get_parameter_source("rules") is ParameterSource.COMMANDLINE:
            raise click.UsageError("--rules is of a phase diagram, and a boundary study has curves")
        _no_threads(threads)
        _boundary(spec, overrides, boundary, as_json)
        return
    if require_both(ctx):
        if boundary["along"] or boundary["find"]:
            raise click.UsageError("--x and --y are of a phase diagram, --along and --find are not")
        _no_threads(threads)
        assert x is not None
        assert y is not None
        _phase(spec, overrides, (x, y), boundary["replicas"], rules, as_json)
        return
    sweep = read_sweep(spec, overrides)
    if sweep.dimensions:
        from scbsim.estimates.many import total_of_sweep

        total, _ = total_of_sweep(sweep, threads=threads)
        _show(total, as_json, slurm_of_all(total))
        return
    from scbsim.estimates.one import estimate as estimate_run

    (run,) = sweep.runs
    one = estimate_run(sweep.spec_of(run), threads=threads)
    if as_json:
        say(json.dumps(one.to_dict() | {"slurm": slurm_of(one)}, indent=2))
    else:
        for line in lines_of(one):
            say(line)


def _no_threads(threads: int | None) -> None:
    if threads is not None:
        raise click.UsageError("--threads is of runs: a point of a study takes one thread")


def _phase(
    spec: str,
    overrides: tuple[str, ...],
    axes: tuple[str, str],
    replicas: int | None,
    rules: str,
    as_json: bool,
) -> None:
    """Show what a phase diagram takes, and its jobs as `scbsim submit` divides it."""
    from scbsim.cluster.diagrams import sizes_of_parts
    from scbsim.cluster.needs import with_estimate_of_diagram
    from scbsim.cluster.options import Options
    from scbsim.estimates.many import total
    from scbsim.estimates.points import point_estimates
    from scbsim.spec.source import read_spec, without_threshold
    from scbsim.studies.phase.criterion import DEFAULT
    from scbsim.studies.phase.grid import Grid

    checked = read_spec(spec, [*overrides, *without_threshold(spec, overrides)])
    number = 32 if replicas is None else replicas
    x, y = axes
    grid = Grid.of(checked, x, y, rules=split_rules(rules), replicas=number, recovered=DEFAULT)
    each = list(point_estimates(grid))
    options = Options()
    sizes = sizes_of_parts(each, options, known=())
    asked, _ = with_estimate_of_diagram(sizes, each, options, known=())
    array = f"--array=0-{len(sizes) - 1} " if len(sizes) > 1 else ""
    slurm = f"{array}--time={asked.time} --mem={asked.mem} --cpus-per-task=1"
    _show(total(each), as_json, slurm, "points")


def _boundary(spec: str, overrides: tuple[str, ...], how: dict[str, Any], as_json: bool) -> None:
    """Show what a boundary study takes at most: it is one process."""
    from scbsim.estimates.points import total_of_boundaries
    from scbsim.estimates.slurm import slurm_line
    from scbsim.spec.source import read_tables
    from scbsim.studies.boundary.study import read_study

    found = total_of_boundaries(read_study(read_tables(spec), how, overrides))
    _show(found, as_json, slurm_line(found.seconds_range[1], found.memory, 1), "points")


def _show(found: Total, as_json: bool, slurm: str, noun: str = "runs") -> None:
    if as_json:
        say(json.dumps(found.to_dict() | {"slurm": slurm}, indent=2))
        return
    for line in total_lines(found, slurm, noun):
        say(line)


def slurm_of_all(found: Total) -> str:
    """Return the options of Slurm for an array with a task for each run."""
    from scbsim.estimates.slurm import slurm_line

    upper = found.longest * found.seconds_range[1] / found.seconds
    return slurm_line(upper, found.memory, found.threads, tasks=found.runs)


def slurm_of(one: Estimate) -> str:
    """Return the options of Slurm for a run."""
    from scbsim.estimates.slurm import slurm_line

    return slurm_line(one.seconds_range[1], one.memory, one.threads)


def lines_of(one: Estimate) -> list[str]:
    """Return an estimate in lines of text."""
    from scbsim.estimates.slurm import MEMORY_MARGIN
    from scbsim.util.numbers import size_in_words as size
    from scbsim.util.numbers import time_in_words as time

    low, high = one.seconds_range
    disk, parts = one.disk, one.parts
    others = ", ".join(
        f"{name} {time(seconds)}"
        for name, seconds in parts.items()
        if name != "steps" and seconds > 0.01 * one.seconds
    )
    kept = f", both checkpoints {size(disk.checkpoints)}" if disk.checkpoint else ""
    states = f", snapshots {size(disk.snapshots)}" if disk.snapshots else ""
    states += f", last state {size(disk.final_state)}" if disk.final_state else ""
    return [
        f"engine   {one.engine}: {one.why}",
        f"step     {time(one.step_seconds)} on {counted(one.threads, 'thread')}, "
        f"{counted(one.steps, 'step')}",
        f"time     {time(one.seconds)}, from {time(low)} to {time(high)}"
        + (f" (of it {others})" if others else ""),
        f"memory   {size(one.memory)}, of it {size(one.memory_of_run)} for this run",
        f"disk     {size(disk.most)} at most: file {size(disk.file)} (rows {size(disk.rows)}"
        f"{states}){kept}",
        f"slurm    {slurm_of(one)}",
        f"         the time is 1.5 times the upper end, the memory {MEMORY_MARGIN} times the "
        "estimate",
        *(f"note: {note}" for note in one.notes),
    ]


def total_lines(found: Total, slurm: str, noun: str) -> list[str]:
    """Return the sum of many runs, or points, in lines of text."""
    from scbsim.util.numbers import size_in_words as size
    from scbsim.util.numbers import time_in_words as time

    low, high = found.seconds_range
    engines = ", ".join(f"{count} {name}" for name, count in sorted(found.engines.items()))
    return [
        f"{noun:8} {found.runs}: {engines}",
        f"time     {time(found.seconds)} in all, from {time(low)} to {time(high)}; the longest "
        f"{time(found.longest)}",
        f"memory   {size(found.memory)} for the largest",
        *([f"disk     {size(found.disk)} in all"] if found.disk else []),
        f"slurm    {slurm}",
        *(f"note: {note}" for note in found.notes),
    ]
