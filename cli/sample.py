"""``scbsim sample``: draw samples of a task into a file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from scbsim.cli import completion, options
from scbsim.cli.console import say
from scbsim.util.text import counted

if TYPE_CHECKING:
    from scbsim.task import Task

_BATCH = 1024


@click.command(short_help="Draw samples of a task.")
@click.argument("spec", metavar="[SPEC.toml]", shell_complete=completion.spec, required=False)
@options.output_option("BATCH.h5", "The file to write; it must not exist.", required=True)
@click.option("--N", "N", metavar="N", type=int, help="Vocabulary size of a random task.")
@click.option("--T", "T", metavar="T", type=int, help="Its context length.")
@click.option("--Q", "Q", metavar="Q", type=int, help="Its sparsity.")
@click.option(
    "--batch",
    metavar="B",
    type=click.IntRange(min=1),
    help=f"Number of samples; the spec's dynamics.batch_size, or {_BATCH}, by default.",
)
@click.option(
    "--seed",
    metavar="S",
    type=click.IntRange(0, 2**64 - 1),
    help="Seed of the samples, not of the task; the spec's, or 0, by default.",
)
@click.option(
    "--number",
    metavar="I",
    type=click.IntRange(min=0),
    default=0,
    show_default=True,
    help="Which batch of the seed: its first sample has the number I times B.",
)
@options.set_option
@options.threads_option
@options.quiet_option
@options.debug_option
def sample(
    spec: str | None,
    output: Path,
    batch: int | None,
    seed: int | None,
    number: int,
    overrides: tuple[str, ...],
    threads: int | None,
    quiet: bool,
    **sizes: int | None,
) -> None:
    """Draw contexts, queries, source positions and outputs into BATCH.h5.

    The task is that of SPEC.toml (or a preset), or a random one of sizes N, T and Q. Sample number
    i of a seed does not depend on the batch size or the number of threads.

    \b
    scbsim sample --N 10 --T 50 --Q 2 --batch 100000 -o batch.h5
    """  # noqa: D301  (click reads the escape)
    given = [name for name, value in sizes.items() if value is not None]
    if spec is None and (missing := [name for name in sizes if name not in given]):
        raise click.UsageError(
            f"--{missing[0]} is missing: without a SPEC.toml the task needs --N, --T and --Q."
        )
    if spec is not None and given:
        raise click.UsageError(f"--{given[0]} and SPEC.toml exclude each other; see --set.")
    if spec is None and overrides:
        raise click.UsageError("--set changes keys of a SPEC.toml; give one.")
    from scbsim.cli.signals import stopping
    from scbsim.sampling.file import write_samples
    from scbsim.sampling.sampler import Sampler
    from scbsim.studies.study_progress import counting

    task, default_seed, default_size = _task(spec, overrides, sizes)
    size = batch or default_size
    sampler = Sampler(task, default_seed if seed is None else seed, threads=threads)
    label = f"N={task.N} T={task.T:g}"
    with stopping() as stop, counting(label, size, "sample", quiet=quiet) as tell:
        write_samples(output, sampler, number * size, size, stop=stop, on_progress=tell)
    if not quiet:
        say(f"{output}: {counted(size, 'sample')} of N = {task.N}, T = {task.T}, Q = {task.Q}")


def _task(
    spec: str | None, overrides: tuple[str, ...], sizes: dict[str, Any]
) -> tuple[Task, int, int]:
    """Return the task, and the default seed and batch size."""
    from scbsim.spec import TaskSpec
    from scbsim.spec.source import read_spec
    from scbsim.task import Task

    if spec is None:
        return Task.from_spec(TaskSpec(**sizes)), 0, _BATCH
    run = read_spec(spec, overrides)
    return Task.from_spec(run.task), run.seed, run.dynamics.batch_size
