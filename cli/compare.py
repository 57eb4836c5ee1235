"""``scbsim compare``: compare models of noise with real batches."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from scbsim.cli import completion
from scbsim.cli.console import note_printer, number, print_table, say
from scbsim.cli.options import output_option, picture_options, study_options
from scbsim.cli.signals import run_stoppable
from scbsim.util.text import counted

if TYPE_CHECKING:
    import xarray as xr


@click.command(short_help="Compare models of noise with real batches.")
@click.argument("spec", metavar="SPEC.toml", shell_complete=completion.spec)
@output_option(
    "DIR", "The folder for the runs, compare.h5, the pictures and their caption.", required=True
)
@click.option(
    "--replicas", metavar="R", type=int, help="Runs of each kind, 2 or more; the spec's by default."
)
@click.option(
    "--sigmas",
    type=click.Choice(["fitted", "spec"]),
    default="fitted",
    show_default=True,
    help="The isotropic levels: fitted to the matched ones, or noise.sigma_A and noise.sigma_V.",
)
@picture_options
@study_options("Run again what is already in the folder.")
def compare(
    spec: str,
    output: Path,
    sigmas: str,
    overrides: tuple[str, ...],
    width: str | None,
    formats: tuple[str, ...],
    quiet: bool,
    **how: Any,
) -> None:
    """Run SPEC.toml on real batches and under isotropic and matched Gaussian noise.

    If noise.model is sampled, sampled noise takes the place of matched noise.

    If there is no such file, SPEC.toml may be the name of a preset; `compare` is one for this
    command. Run again, the command keeps what is finished and resumes what is not.

    \b
    scbsim compare compare -o compare --set dynamics.batch_size=256
    """  # noqa: D301  (click reads the escape)
    from scbsim.plotting.picture_paths import pictures_in
    from scbsim.plotting.width import inches
    from scbsim.spec.source import read_spec
    from scbsim.studies.compare import compare as run

    checked = read_spec(spec, overrides)
    pictures_in(output, "compare", formats)
    paper_width = inches(width)
    how |= {"fit": sigmas == "fitted", "notify": note_printer(quiet)}
    found = run_stoppable(run, checked, output, quiet=quiet, **how)
    from scbsim.studies.compare.plot import pictures

    made = pictures(found, output, width=paper_width, formats=formats)
    if quiet:
        return
    _print(found)
    for path in made:
        say(path)


def _print(found: xr.Dataset) -> None:
    """Print how far medians are from those of real batches, in percent."""
    models = [str(model) for model in found["gaussian"].values]
    headings = ["", "% of\nthe"]
    for model in models:
        headings += [f"{model}\nlargest", "\nmean", "\nband"]
    headings += ["chance\nlargest", "\nmean", "\nband"]
    rows = []
    for name in map(str, found["observable"].values):
        row = found.sel(observable=name)
        cells = [name, str(row["relative_to"].values)]
        for model in models:
            of = row.sel(gaussian=model)
            cells += [_percent(of["largest_gap"]), _percent(of["mean_gap"])]
            cells.append(_ratio(of["width"]))
        cells += [_percent(row["chance_largest"]), _percent(row["chance_mean"])]
        rows.append([*cells, _ratio(row["chance_width"])])
    print_table(headings, rows, left=(0, 1))
    source = "fitted" if found.attrs["fitted"] == "true" else "as in the spec"
    click.echo(
        "Gaps of medians in percent of real batches: of their median at the step where it is\n"
        "bounded away from 0, else of its range over the run. band: width of the 10-90% band over\n"
        "that of real batches. chance: what one in twenty pairs of real ensembles exceeds; of the\n"
        "band, the ratio of the wider to the narrower one.\n"
        f"isotropic: sigma_A = {found.attrs['sigma_A']:g}, sigma_V = {found.attrs['sigma_V']:g}, "
        f"{source}.{_second(found)}"
    )


def _second(found: xr.Dataset) -> str:
    """Return what is to be known of the second model."""
    if "sampled" in found["gaussian"].values:
        return " sampled: each sample is drawn, but\nfor its tokens off the support."
    return f" matched: renewed every {counted(found.attrs['every'], 'step')}."


def _percent(value: xr.DataArray) -> str:
    percent = 100 * float(value)
    return _bounded(percent, 0 if percent >= 10 else 1)


def _ratio(value: xr.DataArray) -> str:
    ratio = float(value)
    return _bounded(ratio, 2 if ratio < 10 else 1 if ratio < 100 else 0)


def _bounded(value: float, digits: int) -> str:
    """Format a number to fit its column, also when a run diverges."""
    return ">1e4" if value >= 1e4 else number(value, f".{digits}f")
