"""The options of Slurm for what was estimated."""

from __future__ import annotations

import math

TIME_MARGIN, MEMORY_MARGIN = 1.5, 1.2
"""Factors by which the options exceed the estimate: nodes and their load differ."""

_LEAST_MINUTES = 10
_LEAST_MB = 512
_STEP_MB = 128


def minutes_for(seconds: float) -> int:
    """Return the time limit of a task in minutes, with its margin."""
    return max(_LEAST_MINUTES, math.ceil(TIME_MARGIN * seconds / 60.0))


def time_option(seconds: float) -> str:
    """Return the time limit of a task in the format of sbatch."""
    days, minutes = divmod(minutes_for(seconds), 1440)
    hours, minutes = divmod(minutes, 60)
    return f"{days}-{hours:02d}:{minutes:02d}:00" if days else f"{hours}:{minutes:02d}:00"


def memory_option(size: float) -> str:
    """Return the memory of a task in the format of sbatch, with its margin."""
    wanted = MEMORY_MARGIN * size / 2**20
    return f"{max(_LEAST_MB, math.ceil(wanted / _STEP_MB) * _STEP_MB)}M"


def slurm_line(seconds: float, memory: float, threads: int, tasks: int = 1) -> str:
    """Return a line of options: of a task, or of each task of an array."""
    array = f"--array=0-{tasks - 1} " if tasks > 1 else ""
    cpus = f"--cpus-per-task={threads}"
    return f"{array}--time={time_option(seconds)} --mem={memory_option(memory)} {cpus}"
