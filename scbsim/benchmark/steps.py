"""Steps of every engine, timed: what a machine's rates are fitted to."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from scbsim.benchmark.timing import Clock, best_in, clock_of
from scbsim.engines.base import Engine
from scbsim.engines.plan import RunPlan
from scbsim.engines.select import build, plan_of
from scbsim.engines.stages import Stage
from scbsim.errors import TaskWarning
from scbsim.estimates.work import Work, work_of
from scbsim.kernels.compile.threads import sharing
from scbsim.spec import RunSpec
from scbsim.task import Task


@dataclass(frozen=True)
class Case:
    """A step to time: overrides of a spec, and what it is called in tables."""

    name: str
    overrides: tuple[str, ...]

    @property
    def spec(self) -> RunSpec:
        """The spec of a long run of such steps."""
        tables = {"task": {"N": 3, "T": 50, "Q": 2}, "stage": [{"steps": 10**9}]}
        return RunSpec.from_dict(tables, overrides=self.overrides)

    @property
    def sigmas(self) -> str:
        """The threshold, in units of the noise."""
        key = "stage.0.threshold_sigmas="
        return [each.removeprefix(key) for each in self.overrides if each.startswith(key)][-1]


class Timed(NamedTuple):
    """A step that was timed."""

    case: Case
    threads: int
    work: Work
    seconds: float
    N: int
    T: int
    batch: int


def case_of(engine: str, N: int, T: int, *more: str, rule: str = "prox", name: str = "") -> Case:
    """Return a case; ``more`` are overrides."""
    rates = "" if rule == "sgd" or engine in ("batch", "softmax") else "4.0"
    common = [
        f"task.N={N}",
        f"task.T={T}",
        f"dynamics.engine={engine}",
        f"dynamics.rule={rule}",
        f"dynamics.batch_size={5e4 * N}",
        "task.P_concentration=0.02",
        *([f"stage.0.threshold_sigmas={rates}"] if rates else []),
    ]
    return Case(name or engine, (*common, *more))


def timed(
    case: Case, threads: Sequence[int], seconds: float, *, task: Task | None = None
) -> Iterator[Timed]:
    """Time the steps of a case on each number of threads, about ``seconds`` each."""
    with warnings.catch_warnings():
        # A context of few tokens is as good as any to time a step.
        warnings.simplefilter("ignore", TaskWarning)
        spec = case.spec
        task = task or Task.from_spec(spec.task)
        plan = plan_of(spec, task)
        stage = plan.stages[0]
    for count in threads:
        if count > 1 and not plan.record.shares_step:
            continue
        with sharing(count) as own:
            engine = build(plan, own)
            stepping = _Stepping(plan, engine, stage)
            found = stepping.seconds(seconds, clock_of(count))
        work = work_of(plan, stage, count)
        batch = int(spec.dynamics.batch_size)
        yield Timed(case, count, work, found, task.N, task.T, batch)


class _Stepping:
    """An engine that steps, and starts again where a run diverged."""

    def __init__(self, plan: RunPlan, engine: Engine, stage: Stage) -> None:
        self._engine, self._stage = engine, stage
        self._begun = {name: array.copy() for name, array in engine.state().items()}
        # Whole cycles, so that every round has as many updates of the noise.
        self._cycle = plan.spec.noise.every if plan.spec.noise.model == "matched" else 1

    def seconds(self, budget: float, clock: Clock) -> float:
        """Return the seconds of a step."""
        return best_in(self.take, budget, clock) / self._cycle

    def take(self, count: int) -> Any:
        """Take ``count`` cycles of steps."""
        left = count * self._cycle
        while left > 0:
            taken = len(self._engine.advance(self._stage, left).rows)
            left -= max(taken, 1)
            if left > 0:
                self._engine.restore(0, self._begun)
