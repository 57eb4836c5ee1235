"""``scbsim phase``: how often runs recover the truth, on a grid of two keys."""

from __future__ import annotations

from math import isfinite, isnan
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from scbsim.cli import completion
from scbsim.cli.console import number, print_table, say
from scbsim.cli.grid_options import grid_options, split_rules
from scbsim.cli.options import output_option, picture_options, study_options
from scbsim.cli.signals import run_stoppable

if TYPE_CHECKING:
    import xarray as xr

    from scbsim.studies.phase.boundary import Growth


@click.command(short_help="Draw where runs recover the truth, over two keys of a spec.")
@click.argument("spec", metavar="SPEC.toml", shell_complete=completion.spec)
@output_option("DIR", "The folder for phase.h5, the pictures and their caption.", required=True)
@grid_options
@picture_options
@study_options("Start again; replace phase.h5 in the folder.")
def phase(
    spec: str,
    output: Path,
    x: str,
    y: str,
    rules: str,
    overrides: tuple[str, ...],
    width: str | None,
    formats: tuple[str, ...],
    quiet: bool,
    **how: Any,
) -> None:
    """Run SPEC.toml at every point of a grid under SGD and under l1, and draw where it learns.

    If there is no such file, SPEC.toml may be the name of a preset; `phase` is one for this
    command. A range is low:high:n, low:high:nlog, integers a:b, or a list a,b,c. Run again, the
    command keeps the points that are done. Under l1, a stage without a threshold takes "auto".

    \b
    scbsim phase phase -o phase --x task.T=1e3:1e9:30log --y dynamics.batch_size=1e4:1e10:30log
    """  # noqa: D301  (click reads the escape)
    from scbsim.plotting.picture_paths import pictures_in
    from scbsim.plotting.width import inches
    from scbsim.spec.ranges import parse_range
    from scbsim.spec.source import read_spec, without_threshold
    from scbsim.studies.phase import phase_diagram

    axes = parse_range(x), parse_range(y)
    automatic = without_threshold(spec, overrides)
    checked = read_spec(spec, [*overrides, *automatic])
    pictures_in(output, "phase", formats)
    paper_width = inches(width)
    diagram = run_stoppable(
        phase_diagram, checked, *axes, output=output, rules=split_rules(rules), quiet=quiet, **how
    )
    from scbsim.studies.phase.plot import pictures

    made = pictures(diagram, output, width=paper_width, formats=formats)
    if quiet:
        return
    _print(diagram)
    for path in made:
        say(path)


def _print(diagram: xr.Dataset) -> None:
    """Print where the boundary of each rule is, and how it grows."""
    from scbsim.studies.phase.boundary import growth

    x, y = (diagram[name].attrs["key"].rpartition(".")[2] for name in ("x", "y"))
    values = diagram["x"].values
    headings = [
        "\nrule",
        *(f"{y}\n{x} = {values[j]:.3g}" for j in (0, -1)),
        f"power\nof {x}",
        "10% to\n90%",
        f"of {len(values)}\ncolumns",
        "runs\ndiverged",
    ]
    rows = []
    for rule in map(str, diagram["rule"].values):
        each = growth(diagram, rule)
        rows.append(
            [
                rule,
                *(_place(diagram, each, j) for j in (0, -1)),
                "" if isnan(each.slope) else f"{each.slope:.3f} ± {each.error:.3f}",
                number(each.width, ".3g", ""),
                str(each.columns),
                str(each.diverged),
            ]
        )
    print_table(headings, rows)
    click.echo(
        "Half of the runs recover at these values, interpolated; the power is by least\n"
        "squares over the columns that have one."
    )


def _place(diagram: xr.Dataset, each: Growth, j: int) -> str:
    """Return where the boundary is in a column, or why it is not on the grid."""
    from scbsim.studies.phase.boundary import probability

    if isfinite(each.y[j]):
        return f"{each.y[j]:.3g}"
    share, y = probability(diagram, each.rule)[:, j], diagram["y"].values
    if (share < 0.5).all():
        return "none learns"
    return "all learn" if (share >= 0.5).all() else f"not one in {y[0]:.3g} to {y[-1]:.3g}"
