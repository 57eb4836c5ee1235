"""What entries cost that are drawn and not kept, and what is left of them, timed on one thread."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from time import process_time
from typing import Any

import numpy as np

from scbsim.benchmark.steps import case_of
from scbsim.benchmark.timing import best_of
from scbsim.engines.hand_over import first_step
from scbsim.engines.select import build, plan_of
from scbsim.engines.sparse import SparseEngine
from scbsim.task import Task

_N = 10
_MANY = 5


def seconds_of_draws(T: int) -> Iterator[tuple[str, float]]:
    """Yield the rates of `scbsim.estimates.rates.Rates.others` that are about entries.

    They are the seconds of an entry: of each of its normals, of a pass over all entries, of the
    first step of an l1 rule, and of a step once it is off zero.
    """
    engine, plan = _of_case("collapsed", T, "sgd")
    seconds = []
    for draws in (1, _MANY):
        while len(engine.entries().directions.drawn) < draws:
            engine.advance(plan.stages[0], 1)
        seconds.append(_each(engine.entries().directions.sums, T))
    normal = max(0.0, (seconds[1] - seconds[0]) / (_MANY - 1))
    yield "drawn_seconds", normal
    yield "pass_seconds", (of_pass := max(0.0, seconds[0] - normal))
    engine, plan = _of_case("collapsed", T, "sgd")
    engine.advance(plan.stages[0], 1)
    # At such a threshold nothing is left, and nothing is listed.
    _, rule = _of_case("sparse", T, "prox", "stage.0.threshold_sigmas=1e6")
    sparse = SparseEngine(plan.task, plan.noise, alpha_A=0.0, alpha_V=0.0, seed=0, replica=0)
    first = _each(lambda: first_step(engine, sparse, rule.stages[0]), T)
    # A draw of one direction is known by then: a pass for its sums, another with the noise.
    yield "stepped_seconds", max(0.0, first - 3 * normal - 2 * of_pass)
    yield "active_seconds", _active(T)


def _of_case(engine: str, T: int, rule: str, *more: str) -> tuple[Any, Any]:
    case = case_of(engine, _N, T, *more, rule=rule)
    plan = plan_of(case.spec, Task.from_spec(case.spec.task))
    return build(plan, 1), plan


def _each(function: Callable[[], Any], T: int) -> float:
    return best_of(function, rounds=15, clock=process_time) / (_N * T)


def _active(T: int) -> float:
    """Return the seconds of an entry off zero in a step of an l1 rule, which leaves it there."""
    engine, plan = _of_case("sparse", T, "prox", "stage.0.rate_A=1e-9", "stage.0.rate_V=1e-9")
    Q, most = plan.task.Q, T // 2
    first = np.arange(_N + 1) * most
    free = [np.setdiff1d(np.arange(T), at)[Q : Q + most] for at in plan.task.q_positions]
    position = np.concatenate(free).astype(np.int64)
    engine.set_entries(first, position, np.full(len(position), 1e-3))
    steps = 4
    seconds = best_of(lambda: engine.advance(plan.stages[0], steps), rounds=3, clock=process_time)
    return seconds / (steps * len(position))
