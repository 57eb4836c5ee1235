"""``scbsim benchmark``: how fast this machine is."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from scbsim.cli.console import print_table, say
from scbsim.cli.exits import STOPPED
from scbsim.cli.options import PATH, debug_option, quiet_option
from scbsim.cli.signals import interruptible
from scbsim.util.text import counted

if TYPE_CHECKING:
    from scbsim.benchmark.measure import Benchmark
    from scbsim.benchmark.rows import Row


@click.command(short_help="Measure how fast this machine is.")
@click.option("--json", "json_path", metavar="FILE", type=PATH, help="Write the numbers to FILE.")
@click.option(
    "--against",
    metavar="FILE",
    type=PATH,
    help="Show ratios to the numbers in FILE, which --json wrote on another machine or with "
    "another version.",
)
@click.option(
    "--threads",
    metavar="N",
    type=click.IntRange(min=1),
    help="The most threads to measure; all cores by default.",
)
@click.option("--small", is_flag=True, help="Small sizes, in seconds: does the code run?")
@quiet_option
@debug_option
@click.pass_context
def benchmark(
    ctx: click.Context,
    /,
    json_path: Path | None,
    against: Path | None,
    threads: int | None,
    small: bool,
    quiet: bool,
) -> None:
    """Measure random numbers, steps of every engine, files and memory, in about a minute.

    NumPy is measured beside them, and PyTorch, JAX and mkl_random where they are installed.
    `scbsim estimate` and `scbsim submit` use the numbers from then on; they are kept beside the
    compiled kernels, for this processor and this version. Run nothing else meanwhile. Ctrl-C ends
    it with what was measured. Kernels that are not in the cache yet are compiled first, which takes
    minutes: see `scbsim warmup`.
    """
    from scbsim.benchmark import report
    from scbsim.benchmark.measure import Benchmark, measure, threads_to_time
    from scbsim.estimates.rates import keep_rates
    from scbsim.kernels.compile.threads import most_threads

    other = None if against is None else report.read(against)
    found = Benchmark(threads_to_time(most_threads(threads)), small)

    def tell(part: str) -> None:
        if not quiet:
            say(f"measuring {part}", err=True)

    with interruptible():
        measure(found, tell)
    if json_path is not None:
        report.write(found, json_path)
    _print(found, other)
    for note in found.notes:
        say(f"note: {note}")
    if found.complete and not small:
        kept = keep_rates(found.rates)
        if not quiet:
            say(
                "estimates of this machine use these numbers from now on"
                if kept
                else "not kept for estimates: the kernel cache cannot be written"
            )
    if not found.complete:
        ctx.exit(STOPPED)


def _print(found: Benchmark, other: tuple[dict[str, object], list[Row]] | None) -> None:
    """Print the table, with ratios to another benchmark if there is one."""
    from scbsim.benchmark import report

    ratios = {} if other is None else report.ratios(found.rows, other[1])
    peers = list(dict.fromkeys(name for row in found.rows for name in row.peers))
    headings = ["", "", "threads", "", "", "bound", *peers, "times the\nfastest"]
    if other is not None:
        headings.append("times as\nfast as there")
    lines = []
    for row in found.rows:
        line = [row.name, row.size, str(row.threads), f"{row.value:.3g}", row.unit]
        line.append("" if row.bound is None else f"{row.bound:.3g}")
        line += [f"{row.peers[name]:.3g}" if name in row.peers else "" for name in peers]
        times = row.times_the_best_peer
        line.append("" if times is None else f"{times:.2g}")
        if other is not None:
            line.append(f"{ratios[row.key]:.2f}" if row.key in ratios else "")
        lines.append(line)
    settings = found.settings
    say(f"{settings['cpu']}, {counted(settings['cores'], 'core')}, scbsim {settings['scbsim']}")
    print_table(headings, lines, left=(0, 1, 4))
    if other is not None:
        for each in report.differences(found.settings, other[0]):
            say(f"differs: {each}")
