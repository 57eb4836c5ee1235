"""``scbsim run``: one spec, one file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from scbsim.cli.exits import STOPPED
from scbsim.cli.options import (
    debug_option,
    output_option,
    overwrite_option,
    quiet_option,
    set_option,
    threads_option,
)
from scbsim.errors import InputError

if TYPE_CHECKING:
    from scbsim.spec import RunSpec


@click.command(short_help="Run a spec and write its trajectory to a file.")
@click.argument("spec", metavar="SPEC.toml")
@output_option("OUT.h5", "The file to write.", required=True)
@set_option
@click.option(
    "--resume", is_flag=True, help="If OUT.h5 holds this run, finished, leave it at that."
)
@overwrite_option("Replace OUT.h5 if it exists.")
@threads_option
@quiet_option
@debug_option
@click.pass_context
def run(
    ctx: click.Context,
    spec: str,
    output: Path,
    overrides: tuple[str, ...],
    resume: bool,
    overwrite: bool,
    threads: int | None,
    quiet: bool,
) -> None:
    """Run SPEC.toml and write its trajectory to OUT.h5.

    Where there is no such file, SPEC.toml may be the name of a preset (`scbsim presets`).

    \b
    scbsim run figure5-n100-l1 -o run.h5 --set stage.0.steps=500
    """  # noqa: D301  (click reads the escape)
    from time import perf_counter

    from scbsim.cli.signals import stopping
    from scbsim.cli.spec_source import read_spec
    from scbsim.cli.summary import summarise

    if resume and overwrite:
        raise click.UsageError("--resume and --overwrite exclude each other.")
    checked = read_spec(spec, overrides)
    if output.is_file() and Path(spec).is_file() and output.samefile(spec):
        raise InputError(f"{output} is the spec itself; give another path to -o")
    if resume and output.exists():
        _must_be_finished(checked, output)
        if not quiet:
            click.echo(f"{output} is finished: nothing to do")
        return

    from scbsim.simulation import simulate

    began = perf_counter()
    with stopping() as stop:
        trajectory = simulate(
            checked,
            output=output,
            progress=not quiet,
            overwrite=overwrite,
            threads=threads,
            stop=stop,
        )
    ended, *rest = summarise(trajectory, output, perf_counter() - began)
    status = trajectory.attrs["status"]
    if not quiet or status != "complete":
        click.echo(ended, err=quiet)
    if not quiet:
        click.echo("\n".join(rest))
    if status == "stopped":
        ctx.exit(STOPPED)


def _must_be_finished(spec: RunSpec, path: Path) -> None:
    from scbsim.figures.files import finished

    if finished(spec, path) is None:
        raise InputError(
            f"{path} ends before its run does, and going on from there is not in this release; "
            "--overwrite runs it from the start"
        )
