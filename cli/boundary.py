"""``scbsim boundary``: the least value of a key at which runs recover, along another key."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from scbsim.cli import completion
from scbsim.cli.console import number, print_table, say
from scbsim.cli.options import output_option, picture_options, range_option, study_options
from scbsim.cli.signals import run_stoppable
from scbsim.util.text import counted

if TYPE_CHECKING:
    import xarray as xr


@click.command(short_help="Find the batch that learning needs, along another key.")
@click.argument("spec", metavar="SPEC.toml", shell_complete=completion.spec)
@output_option("DIR", "The folder for boundary.h5, the pictures and their caption.", required=True)
@range_option("--along", "Key along x, and its values.")
@range_option("--find", "Key that is searched, and its values.")
@click.option("--level", metavar="SHARE", type=float, help="Share of runs that must recover.")
@click.option("--replicas", metavar="R", type=int, help="Runs at each point.")
@click.option("--seeds", metavar="S", type=int, help="Searches with seeds of their own.")
@click.option("--recovered", metavar="CONDITION", help="When a run counts as recovered.")
@picture_options
@study_options("Start again; replace boundary.h5 in the folder.")
def boundary(
    spec: str,
    output: Path,
    overrides: tuple[str, ...],
    width: str | None,
    formats: tuple[str, ...],
    quiet: bool,
    **how: Any,
) -> None:
    """Find the least value of a key (such as the batch) at which runs recover, along another key.

    SPEC.toml is a spec, with a table [boundary] that says what to search, and perhaps several
    curves; options replace its keys. Presets: boundary-noise, boundary-theorem. Only the points
    that bisection needs are run. Run again, the command keeps the points that are done.

    \b
    scbsim boundary boundary-noise -o noise
    scbsim boundary phase -o l1 --along task.T=1e3:1e6:4log --find dynamics.batch_size=1e4:1e7:73log
    """  # noqa: D301  (click reads the escape)
    from scbsim.plotting.picture_paths import pictures_in
    from scbsim.plotting.width import inches
    from scbsim.spec.source import read_tables, title_of
    from scbsim.studies.boundary import find_boundaries

    names = ("along", "find", "level", "replicas", "seeds", "recovered")
    options = {name: how.pop(name) for name in names}
    pictures_in(output, "boundary", formats)
    paper_width = inches(width)
    found = run_stoppable(
        find_boundaries,
        read_tables(spec),
        output=output,
        options=options,
        overrides=overrides,
        quiet=quiet,
        **how,
    )
    from scbsim.studies.boundary.plot import pictures

    made = pictures(found, output, title_of(spec), width=paper_width, formats=formats)
    if quiet:
        return
    _print(found)
    for path in made:
        say(path)


def _print(found: xr.Dataset) -> None:
    """Print the boundaries of each curve, and how they grow."""
    from scbsim.studies.boundary.slopes import local_slopes, middle, slope

    curves, engines = (json.loads(found.attrs[name]) for name in ("curves", "engines"))
    for c, (name, curve) in enumerate(curves.items()):
        along, find = (curve[key].partition("=")[0].rpartition(".")[2] for key in ("along", "find"))
        x = found["x"].values[c]
        there = x == x
        x, y = x[there], found["boundary"].values[c][: curve["seeds"], there]
        slopes = [float("nan"), *local_slopes(x, y)]
        rows = [
            [f"{at:.4g}", *(number(v, ".4g", "off") for v in (*of_seeds, mean)), number(s, ".2f")]
            for at, of_seeds, mean, s in zip(x, y.T, middle(y), slopes, strict=True)
        ]
        seeds = [f"seed {s}" for s in range(len(y))]
        head = [f"\n{along}", *(f"\n{s}" for s in seeds), "\nmean", "local\nslope"]
        steps = middle(found["steps"].values[c][: curve["seeds"], there])
        head.append("steps to\nrecovery")
        for row, number_of in zip(rows, steps, strict=True):
            row.append(number(number_of, ".0f"))
        if find == "batch_size":
            # Each step draws a batch.
            head.append("\nsamples")
            for row, samples in zip(rows, middle(y) * steps, strict=True):
                row.append(number(samples, ".3g"))
        print_table(head, rows)
        power, error = slope(x, y).in_digits()
        error = f" ± {error}" if error else ""
        say(
            f"{name}: {find} at which {curve['level']:g} of "
            f"{counted(curve['replicas'], 'run')} have {curve['recovered']};\n"
            f"power of {along} {power}{error}, engines: "
            f"{', '.join(engines[name])}\n"
        )
