"""``scbsim warmup``: compile all kernels in advance."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from scbsim.cli.options import debug_option, quiet_option
from scbsim.cli.signals import interruptible

if TYPE_CHECKING:
    from scbsim.kernels.compile.events import Compiling


@click.command(short_help="Compile and cache every kernel.")
@quiet_option
@debug_option
@interruptible()
def warmup(quiet: bool) -> None:
    """Compile every kernel and cache it on disk, so that later runs start at once."""
    from time import perf_counter

    from scbsim.run.progress import compiling_in_words
    from scbsim.run.warmup import RUNS
    from scbsim.run.warmup import warmup as compile_kernels

    def report(name: str, kernels: Sequence[str], seconds: float) -> None:
        if not quiet:
            what = ", ".join(kernels) or "compiled before"
            click.echo(f"{seconds:7.2f} s  {name}: {what}")

    def tell(name: str, what: Compiling, needed: Sequence[str]) -> None:
        if not quiet and not what.functions:
            run = f"{list(RUNS).index(name) + 1} of {len(RUNS)}, {name}"
            click.echo(f"{run}: {compiling_in_words(what, needed)}", err=True)

    began = perf_counter()
    compile_kernels(report=report, tell=tell)
    if not quiet:
        click.echo(f"{perf_counter() - began:7.2f} s  in all; later runs start at once")
