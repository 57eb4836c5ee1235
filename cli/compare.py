"""``scbsim compare``: Gaussian noise beside real batches."""

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


@click.command(short_help="Compare Gaussian noise with real batches.")
@click.argument("spec", metavar="SPEC.toml")
@output_option("DIR", "The folder for the runs, compare.h5 and the pictures.", required=True)
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
@set_option
@overwrite_option("Run again what is already in the folder.")
@threads_option
@quiet_option
@debug_option
def compare(
    spec: str,
    output: Path,
    replicas: int | None,
    sigmas: str,
    overrides: tuple[str, ...],
    overwrite: bool,
    threads: int | None,
    quiet: bool,
) -> None:
    """Run SPEC.toml on real batches and under isotropic and matched Gaussian noise.

    Where there is no such file, SPEC.toml may be the name of a preset: `compare` is made for this.
    The same line again keeps what is finished and resumes what is not.

    \b
    scbsim compare compare -o compare --set dynamics.batch_size=256
    """  # noqa: D301  (click reads the escape)
    from scbsim.cli.signals import stopping
    from scbsim.cli.spec_source import read_spec
    from scbsim.plotting.places import pictures_in
    from scbsim.studies.compare import compare as run

    checked = read_spec(spec, overrides)
    pictures_in(output, "compare")
    with stopping() as stop:
        found = run(
            checked,
            output,
            replicas=replicas,
            fit=sigmas == "fitted",
            overwrite=overwrite,
            threads=threads,
            progress=not quiet,
            tell=(lambda _: None) if quiet else (lambda note: say(note, err=True)),
            stop=stop,
        )
    from scbsim.studies.compare.picture import pictures

    made = pictures(found, output)
    if quiet:
        return

    from scbsim.cli.compare_table import print_gaps

    print_gaps(found)
    for path in made:
        say(path)
