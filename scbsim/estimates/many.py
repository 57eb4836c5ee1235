"""What a sweep will take: the sum over its runs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from scbsim.engines.drawn_samples import require_addresses_of
from scbsim.engines.select import plan_of
from scbsim.estimates.one import Estimate, estimate_of, made_task
from scbsim.estimates.rates import Rates, machine_rates
from scbsim.run.start import engine_of_start
from scbsim.spec import RunSpec
from scbsim.spec.sweep import Sweep
from scbsim.task import Task

MOST = 20_000
"""Runs of a sweep up to which each is estimated."""


@dataclass(frozen=True)
class Total:
    """What many runs will take together.

    Attributes
    ----------
    runs : int
    seconds : float
        Of all, one after the other on the threads of each.
    seconds_range : (float, float)
    longest : float
        Seconds of the longest run.
    memory : int
        The most that the process of any run holds.
    memory_of_run : int
        The most that any run holds beyond what is imported.
    disk : int
        Bytes of all files, with the checkpoints of those that are active.
    engines : dict
        How many runs each engine has.
    threads : int
        The most that any run uses.
    notes : tuple of str
    """

    runs: int
    seconds: float
    seconds_range: tuple[float, float]
    longest: float
    memory: int
    memory_of_run: int
    disk: int
    engines: dict[str, int]
    threads: int
    notes: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return everything as types of JSON."""
        return {
            "runs": self.runs,
            "seconds": self.seconds,
            "seconds_range": list(self.seconds_range),
            "longest_seconds": self.longest,
            "memory_bytes": self.memory,
            "memory_of_run_bytes": self.memory_of_run,
            "disk_bytes": self.disk,
            "engines": self.engines,
            "threads": self.threads,
            "notes": list(self.notes),
        }


class Estimates:
    """Estimates of runs that differ in few keys: those that take as much are made once.

    A batch that a run would refuse is refused unless ``search``: that may never come to it.
    """

    def __init__(
        self, rates: Rates | None = None, threads: int | None = None, *, search: bool = False
    ) -> None:
        self._rates = rates or machine_rates()
        self._threads, self._search = threads, search
        self._known: dict[str, Estimate] = {}
        self._task: tuple[str, Task, float] | None = None

    def of(self, spec: RunSpec) -> Estimate:
        """Return the estimate of a run."""
        tables = spec.to_dict()
        tables.pop("seed", None)
        tables["task"].pop("seed", None)
        key = repr(tables)
        if key not in self._known:
            task, seconds = self._task_of(spec, repr(tables["task"]))
            plan = plan_of(spec, task, start=engine_of_start(spec))
            if not self._search:
                require_addresses_of(plan)
            self._known[key] = estimate_of(plan, self._rates, seconds, self._threads)
        return self._known[key]

    def _task_of(self, spec: RunSpec, key: str) -> tuple[Task, float]:
        """Return a task like that of a run, but for its seed, and what it takes to make it."""
        if self._task is None or self._task[0] != key:
            self._task = key, *made_task(spec)
        return self._task[1:]


def total_of_sweep(
    sweep: Sweep, rates: Rates | None = None, threads: int | None = None, most: int = MOST
) -> tuple[Total, dict[str, Estimate]]:
    """Return what all runs of a sweep take, and the estimate of each by its name.

    Of more than ``most`` runs only so many are estimated, evenly spread over the sweep.
    """
    estimates, runs = Estimates(rates, threads), sweep.runs
    part = runs[:: -(-len(runs) // most)]
    each = {run.name: estimates.of(sweep.spec_of(run)) for run in part}
    return total(each.values(), len(runs)), each


def total(each: Iterable[Estimate], runs: int | None = None) -> Total:
    """Return the sum of estimates; of more ``runs``, which are like these, as much more."""
    found = list(each)
    runs = runs or len(found)
    more = runs / len(found)
    engines: dict[str, int] = {}
    for one in found:
        engines[one.engine] = engines.get(one.engine, 0) + 1
    ranges = [one.seconds_range for one in found]
    return Total(
        runs=runs,
        seconds=more * sum(one.seconds for one in found),
        seconds_range=(
            more * sum(low for low, _ in ranges),
            more * sum(high for _, high in ranges),
        ),
        longest=max(one.seconds for one in found),
        memory=max(one.memory for one in found),
        memory_of_run=max(one.memory_of_run for one in found),
        disk=round(more * sum(one.disk.file for one in found))
        + max(one.disk.most - one.disk.file for one in found),
        engines={name: round(more * count) for name, count in engines.items()},
        threads=max(one.threads for one in found),
        notes=tuple(dict.fromkeys(note for one in found for note in one.notes)),
    )
