"""The time and the memory to ask a cluster for, where none are given: those estimated."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any

from scbsim.cluster.options import Options
from scbsim.errors import ScbsimError
from scbsim.estimates.many import Total, total_of_sweep
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
    wanted: dict[str, Any] = {}
    if "time" not in known:
        wanted["time"] = time_option(seconds)
    if "mem" not in known:
        wanted["mem"] = memory_option(_on_a_node(found, options))
    low, high = found.seconds_range
    lines = [
        f"estimate: {counted(found.runs, 'run')} {by_count(found.runs, 'takes', 'take')} "
        f"{time_in_words(found.seconds)} in all, from "
        f"{time_in_words(low)} to {time_in_words(high)}; the longest task "
        f"{time_in_words(seconds)}",
        f"estimate: memory {size_in_words(_on_a_node(found, options))} on a node for the largest, "
        f"disk {size_in_words(found.disk)} in all",
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
    total, each = total_of_sweep(
        sweep, threads=options.cpus_per_task * options.ranks, most=_MOST_ESTIMATED
    )
    upper = [each[run.name].seconds_range[1] for run in sweep.runs if run.name in each]
    return total, _longest(upper, options.runs_per_task)


def _longest(seconds: Sequence[float], together: int) -> float:
    """Return the most that runs take which a task does one after the other."""
    return max(sum(seconds[i : i + together]) for i in range(0, len(seconds), together))


def _on_a_node(found: Total, options: Options) -> float:
    """Return the memory of a task on each node: its ranks share the state of a run."""
    if options.ranks == 1:
        return found.memory
    start = found.memory - found.memory_of_run
    return options.ntasks_per_node * start + found.memory_of_run / options.nodes
