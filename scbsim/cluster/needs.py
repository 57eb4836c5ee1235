"""The time and the memory to ask a cluster for, where none are given: those estimated."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any

from scbsim.cluster.diagrams import seconds_of_parts
from scbsim.cluster.options import Options
from scbsim.errors import ScbsimError
from scbsim.estimates.many import Total, total, total_of_sweep
from scbsim.estimates.one import Estimate
from scbsim.estimates.rates import machine_rates
from scbsim.estimates.slurm import MEMORY_MARGIN, TIME_MARGIN, memory_option, time_option
from scbsim.spec.sweep import Sweep
from scbsim.util.numbers import size_in_words, time_in_words
from scbsim.util.text import by_count, counted

_MOST_ESTIMATED = 5_000


def with_estimate(
    sweep: Sweep, options: Options, known: Collection[str]
) -> tuple[Options, list[str]]:
    """Return options with a time limit and a memory, and the estimate in lines of text.

    ``known`` names the options that were given, which stay. The last line says what is asked for.
    Where nothing can be estimated on this machine, the options stay as they are.
    """
    try:
        found, seconds = _estimated(sweep, options)
    except ScbsimError as error:
        return options, [f"no estimate: {error}", _asked(options)]
    memory = _on_a_node(found, options)
    disk = f", disk {size_in_words(found.disk)} in all"
    return _with_lines(found, seconds, memory, ("run", disk), options, known)


def with_estimate_of_diagram(
    sizes: Sequence[int],
    each: Sequence[Estimate],
    options: Options,
    known: Collection[str],
) -> tuple[Options, list[str]]:
    """Return the same for a diagram, given the points of its parts, and what each point takes."""
    found = total(each)
    start = machine_rates().others["start_seconds"]
    parts = seconds_of_parts(sizes, each, start, options)
    # Points that run at a time share what is imported.
    memory = found.memory + (options.cpus_per_task - 1) * found.memory_of_run
    seconds = _longest(parts, options.runs_per_task)
    asked, lines = _with_lines(found, seconds, memory, ("point", ""), options, known)
    tasks = -(-len(parts) // options.runs_per_task)
    number = f"{counted(len(parts), 'part')}, in {counted(tasks, 'task')}"
    return asked, [f"estimate: {counted(found.runs, 'point')} in {number}", *lines]


def _with_lines(
    found: Total,
    seconds: float,
    memory: float,
    words: tuple[str, str],
    options: Options,
    known: Collection[str],
) -> tuple[Options, list[str]]:
    """Return options and lines, given the upper seconds of the longest task, and its memory."""
    noun, disk = words
    wanted: dict[str, Any] = {}
    if "time" not in known:
        wanted["time"] = time_option(seconds)
    if "mem" not in known:
        wanted["mem"] = memory_option(memory)
    low, high = found.seconds_range
    lines = [
        f"estimate: {counted(found.runs, noun)} {by_count(found.runs, 'takes', 'take')} "
        f"{time_in_words(found.seconds)} in all, from "
        f"{time_in_words(low)} to {time_in_words(high)}; the longest task "
        f"{time_in_words(seconds)}",
        f"estimate: memory {size_in_words(memory)} on a node for the largest{disk}",
        *(f"note: {note}" for note in found.notes),
    ]
    asked = replace(options, **wanted)
    return asked, [*lines, _asked(asked, wanted)]


def _asked(options: Options, wanted: Collection[str] = ()) -> str:
    words = f"each task has --time={options.time}"
    words += f" --mem={options.mem}" if options.mem else ""
    margins = {"time": f"{TIME_MARGIN} times the estimated time", "mem": f"{MEMORY_MARGIN} times"}
    said = [margins[name] for name in margins if name in wanted]
    if said == [margins["mem"]]:
        said = [f"{margins['mem']} the estimated memory"]
    elif len(said) == 2:
        said[1] += " the estimated memory"
    return words + (f": {' and '.join(said)}" if said else "")


def _estimated(sweep: Sweep, options: Options) -> tuple[Total, float]:
    """Return the sum over all runs, and the upper seconds of the longest task."""
    found, each = total_of_sweep(
        sweep, threads=options.cpus_per_task * options.ranks, most=_MOST_ESTIMATED
    )
    upper = [each[run.name].seconds_range[1] for run in sweep.runs if run.name in each]
    return found, _longest(upper, options.runs_per_task)


def _longest(seconds: Sequence[float], together: int) -> float:
    """Return the most that runs take which a task does one after the other."""
    return max(sum(seconds[i : i + together]) for i in range(0, len(seconds), together))


def _on_a_node(found: Total, options: Options) -> float:
    """Return the memory of a task on each node: its ranks share the state of a run."""
    if options.ranks == 1:
        return found.memory
    start = found.memory - found.memory_of_run
    return options.ntasks_per_node * start + found.memory_of_run / options.nodes
