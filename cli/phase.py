"""``scbsim phase``: how often runs recover the truth, over a grid of two keys."""

from __future__ import annotations

from pathlib import Path

import click

from scbsim.cli.console import say
from scbsim.cli.options import (
    debug_option,
    output_option,
    overwrite_option,
    quiet_option,
    set_option,
    threads_option,
)


@click.command(short_help="Draw where runs recover the truth, over two keys of a spec.")
@click.argument("spec", metavar="SPEC.toml")
@output_option("DIR", "The folder for phase.h5, phase.png and phase.pdf.", required=True)
@click.option("--x", metavar="KEY=RANGE", required=True, help="The key across, and its values.")
@click.option("--y", metavar="KEY=RANGE", required=True, help="The key upwards, and its values.")
@click.option(
    "--replicas", metavar="R", type=int, default=32, show_default=True, help="Runs a point."
)
@click.option(
    "--rules", metavar="RULES", default="sgd,l1", show_default=True, help="One of them, or both."
)
@click.option(
    "--recovered",
    metavar="CONDITION",
    default="sim_A >= 0.9",
    show_default=True,
    help='When a run counts, by its last step; several are joined by "and".',
)
@set_option
@overwrite_option("Start again, whatever phase.h5 in the folder holds.")
@threads_option
@quiet_option
@debug_option
def phase(
    spec: str,
    output: Path,
    x: str,
    y: str,
    replicas: int,
    rules: str,
    recovered: str,
    overrides: tuple[str, ...],
    overwrite: bool,
    threads: int | None,
    quiet: bool,
) -> None:
    """Run SPEC.toml at every point of a grid under SGD and under l1, and draw where it learns.

    Where there is no such file, SPEC.toml may be the name of a preset: `phase` is made for this.
    A range is low:high:n, low:high:nlog, whole numbers a:b, or a list a,b,c. The same line again
    keeps the points that are done. A stage that names no threshold takes "auto" under l1.

    \b
    scbsim phase phase -o phase --x task.T=1e3:1e9:30log --y dynamics.batch_size=1e4:1e10:30log
    """  # noqa: D301  (click reads the escape)
    from scbsim.cli.signals import stopping
    from scbsim.cli.spec_source import read_spec, without_threshold
    from scbsim.plotting.places import pictures_in
    from scbsim.spec.ranges import parse_range
    from scbsim.studies.phase import phase_diagram

    axes = parse_range(x), parse_range(y)
    automatic = without_threshold(spec, overrides)
    checked = read_spec(spec, [*overrides, *automatic])
    pictures_in(output, "phase")
    with stopping() as stop:
        diagram = phase_diagram(
            checked,
            *axes,
            output=output,
            rules=tuple(rule.strip() for rule in rules.split(",")),
            replicas=replicas,
            recovered=recovered,
            threads=threads,
            overwrite=overwrite,
            progress=not quiet,
            stop=stop,
        )
    from scbsim.studies.phase.picture import pictures

    made = pictures(diagram, output)
    if quiet:
        return

    from scbsim.cli.phase_table import print_growth

    print_growth(diagram)
    for path in made:
        say(path)
