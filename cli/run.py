"""``scbsim run``: one spec, one file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from scbsim.cli.console import say
from scbsim.cli.exits import STOPPED
from scbsim.cli.options import (
    debug_option,
    output_option,
    overwrite_option,
    quiet_option,
    set_option,
    threads_option,
)
from scbsim.cli.studying import studied
from scbsim.errors import InputError

if TYPE_CHECKING:
    from scbsim.mpi.world import World
    from scbsim.run.simulate import Ended
    from scbsim.spec import RunSpec


@click.command(short_help="Run a spec and write its trajectory to a file.")
@click.argument("spec", metavar="SPEC.toml")
@output_option("OUT.h5", "The file to write.", required=True)
@set_option
@click.option(
    "--resume",
    is_flag=True,
    help="Go on with the run in OUT.h5, to the same bits as if it had never stopped; start it if "
    "there is none. The last stage may be longer than before.",
)
@overwrite_option("Replace OUT.h5 if it exists.")
@threads_option
@quiet_option
@debug_option
@click.pass_context
def run(
    ctx: click.Context,
    /,
    spec: str,
    output: Path,
    overrides: tuple[str, ...],
    quiet: bool,
    **how: Any,
) -> None:
    """Run SPEC.toml and write its trajectory to OUT.h5.

    Where there is no such file, SPEC.toml may be the name of a preset (`scbsim presets`). Under
    mpiexec or srun all ranks run it together (docs/mpi.md).

    \b
    scbsim run figure5-n100-l1 -o run.h5 --set stage.0.steps=500
    """  # noqa: D301  (click reads the escape)
    from time import perf_counter

    from scbsim.mpi.launch import is_first_process, joined

    if how["resume"] and how["overwrite"]:
        raise click.UsageError("--resume and --overwrite exclude each other.")
    try:
        world = joined()
    except InputError as error:
        if is_first_process():
            raise
        ctx.exit(error.exit_status)
    if world is not None:
        ended = _run_shared(ctx, world, spec, output, overrides, quiet, how)
    else:
        checked = _checked(spec, overrides, output)

        from scbsim.run.simulate import run_to_file

        began = perf_counter()
        ended = studied(run_to_file, checked, output, quiet=quiet, **how)
        _tell(output, perf_counter() - began, ended, quiet=quiet)
    if ended.status == "stopped":
        ctx.exit(STOPPED)


def _run_shared(
    ctx: click.Context,
    world: World,
    spec: str,
    output: Path,
    overrides: tuple[str, ...],
    quiet: bool,
    how: dict[str, Any],
) -> Ended:
    """Run on all ranks of a world together; rank 0 tells of it."""
    from time import perf_counter

    from scbsim.cli.mpi_ranks import abort_all_on_error

    with abort_all_on_error(ctx, world):
        checked = world.collective(lambda: _checked(spec, overrides, output))

        from scbsim.mpi.run import run_shared_to_file

        began = perf_counter()
        ended = studied(run_shared_to_file, world, checked, output=output, quiet=quiet, **how)
        if world.is_root:
            _tell(output, perf_counter() - began, ended, quiet=quiet)
    return ended


def _checked(spec: str, overrides: tuple[str, ...], output: Path) -> RunSpec:
    """Return the spec, if it is not to be written over by its output."""
    from scbsim.cli.spec_source import read_spec

    checked = read_spec(spec, overrides)
    if output.is_file() and Path(spec).is_file() and output.samefile(spec):
        raise InputError(f"{output} is the spec itself; give another path to -o")
    return checked


def _tell(output: Path, seconds: float, ended: Ended, *, quiet: bool) -> None:
    from scbsim.cli.summary import summarise
    from scbsim.storage.description import describe
    from scbsim.storage.runfile.lacking import lacking_in_words

    content = describe(output)
    if ended.was_finished:
        lacks = content["lacks_steps_before"]
        but = f". It {lacking_in_words(lacks)}" if lacks else ""
        say(f"{output} is finished: nothing to do{but}", err=quiet)
        return
    head, *rest = summarise(content, seconds)
    if not quiet or content["status"] != "complete":
        say(head, err=quiet)
    if not quiet:
        say("\n".join(rest))
