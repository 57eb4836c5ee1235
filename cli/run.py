"""``scbsim run``: run one spec, write one file."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from scbsim.cli import completion, options
from scbsim.cli.console import say
from scbsim.cli.exits import STOPPED
from scbsim.cli.signals import run_stoppable
from scbsim.errors import InputError

if TYPE_CHECKING:
    from scbsim.run.simulate import Ended
    from scbsim.spec import RunSpec


@click.command(short_help="Run a spec and write its trajectory to a file.")
@click.argument("spec", metavar="SPEC.toml", shell_complete=completion.spec)
@options.output_option("OUT.h5", "The file to write.", required=True)
@options.set_option
@click.option(
    "--resume",
    is_flag=True,
    help="Resume the run in OUT.h5, to the same bits as if it had never stopped; start it if "
    "there is none. The last stage may be longer than before.",
)
@options.overwrite_option("Replace OUT.h5 if it exists.")
@options.threads_option
@options.quiet_option
@options.debug_option
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

    If there is no such file, SPEC.toml may be the name of a preset (`scbsim presets`). Under
    mpiexec or srun all ranks run it together ("One run on many machines" in the documentation).

    \b
    scbsim run figure5-n100-l1 -o run.h5 --set stage.0.steps=500
    """  # noqa: D301  (click reads the escape)
    from time import perf_counter

    from scbsim.cli.mpi_ranks import abort_all_on_error
    from scbsim.mpi.launch import is_first_process, joined

    if how["resume"] and how["overwrite"]:
        raise click.UsageError("--resume and --overwrite exclude each other.")
    try:
        world = joined()
    except InputError as error:
        if is_first_process():
            raise
        ctx.exit(error.exit_status)
    with nullcontext() if world is None else abort_all_on_error(ctx, world):
        if world is None:
            checked = _read_checked(spec, overrides, output)

            from scbsim.run.simulate import run_to_file

            began = perf_counter()
            ended = run_stoppable(run_to_file, checked, output, quiet=quiet, **how)
        else:
            checked = world.collective(lambda: _read_checked(spec, overrides, output))

            from scbsim.mpi.run import run_shared_to_file

            began = perf_counter()
            ended = run_stoppable(
                run_shared_to_file, world, checked, output=output, quiet=quiet, **how
            )
        if world is None or world.is_root:
            _report(output, perf_counter() - began, ended, quiet=quiet)
    if ended.status == "stopped":
        ctx.exit(STOPPED)


def _read_checked(spec: str, overrides: tuple[str, ...], output: Path) -> RunSpec:
    """Read the spec; refuse an output path that would overwrite it."""
    from scbsim.spec.source import read_spec

    checked = read_spec(spec, overrides)
    if output.is_file() and Path(spec).is_file() and output.samefile(spec):
        raise InputError(f"{output} is the spec itself; give another path to -o")
    return checked


def _report(output: Path, seconds: float, ended: Ended, *, quiet: bool) -> None:
    from scbsim.cli.summary import summarise
    from scbsim.storage.description import describe
    from scbsim.storage.runfile.lacking import lacking_in_words

    content = describe(output)
    if ended.was_finished:
        lost = content["lacks_steps_before"]
        note = f". It {lacking_in_words(lost)}" if lost else ""
        say(f"{output} is finished: nothing to do{note}", err=quiet)
        return
    head, *rest = summarise(content, seconds)
    if not quiet or content["status"] != "complete":
        say(head, err=quiet)
    if not quiet:
        say("\n".join(rest))
