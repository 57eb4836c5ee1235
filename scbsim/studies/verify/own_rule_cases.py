"""Cases of the built-in rules that are functions in Python: ``hard`` and ``momentum``."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np

from scbsim.engines.noise import MatchedNoise, NoiseLevels
from scbsim.studies.verify import tasks
from scbsim.studies.verify.case import (
    POPULATION,
    SCALARS_OF_V,
    SINGLE,
    SPARSE,
    SPARSE_A,
    Case,
)
from scbsim.studies.verify.case_parts import case_of, levels, scheduled, stage


def own_rule_cases() -> Iterator[Case]:
    """Yield the cases of both rules, every engine that takes them included."""
    yield from _hard()
    yield from _momentum()


def _hard() -> Iterator[Case]:
    """Yield active entries under a rule that compiles into the kernels of the sparse engine."""
    task, larger = tasks.small(), tasks.small(N=6, T=600)
    every = (SPARSE, SPARSE_A, SCALARS_OF_V, SINGLE)
    yield case_of("N = 4, T = 30, 1.2 sigma", task, "hard", 1.2, contenders=every)
    yield case_of("T = 600, 1.0 sigma", tasks.small(T=600), "hard", 1.0)
    yield case_of("T = 8000, 4.0 sigma", tasks.small(T=8000), "hard", 4.0)
    warm = (stage("sgd", np.zeros(4)), levels(task))
    yield case_of("from a rest of all entries", task, "hard", 1.0, warm=warm)
    both: dict[str, Any] = {"contenders": (SPARSE_A, SINGLE)}
    matched = partial(MatchedNoise, 40, 2)
    yield case_of("matched", task, "hard", 0.7, noise=matched(), **both)
    yield case_of("covariances", larger, "hard", 1.0, noise=matched(covariances=True), **both)
    one = scheduled("hard", levels(larger).sigma_A, "0.9 + t/9")
    yield case_of("scheduled", larger, "hard", stage=one, times=(1, 4, 8))
    yield _without_noise("hard", 0.3)


def _momentum() -> Iterator[Case]:
    """Yield entries with a number of memory each, which no engine leaves out under noise."""
    task = tasks.small()
    both: dict[str, Any] = {"contenders": (SCALARS_OF_V, SINGLE)}
    yield case_of("N = 4, T = 30", task, "momentum", **both)
    one = scheduled("momentum", np.zeros(4))
    yield case_of("scheduled", task, "momentum", stage=one, times=(1, 4, 8), **both)
    joint = MatchedNoise(40, 2, covariances=True)
    yield case_of("covariances", task, "momentum", noise=joint, contenders=(SINGLE,))
    yield _without_noise("momentum")


def _without_noise(rule: str, sigmas: float = 0.0) -> Case:
    task = tasks.small()
    contenders = (SCALARS_OF_V, SINGLE, POPULATION)
    noise = NoiseLevels.none(task)
    return case_of("no noise", task, rule, sigmas, noise=noise, contenders=contenders)
