"""The cases of ``scbsim verify``: every rule, every representation, and every edge of each."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np

from scbsim.engines.noise import MatchedNoise, Noise, NoiseLevels
from scbsim.engines.stages import Stage
from scbsim.studies.verify import tasks
from scbsim.studies.verify.case import COLLAPSED, SCALARS_OF_V, SINGLE, SPARSE, SPARSE_A, Case
from scbsim.task import Task

_SIGMA_A, _SIGMA_V = 0.05, 0.03
_RATE_A, _RATE_V = 0.2, 0.15
_ZERO = {"alpha_A": 0.0, "alpha_V": 0.0}

_OF_SGD = (COLLAPSED, SCALARS_OF_V)
_OF_L1 = (SPARSE,)


def levels(task: Task, sigma_A: float = _SIGMA_A, sigma_V: float = _SIGMA_V) -> NoiseLevels:
    """Return isotropic levels: ``sigma_k`` goes with one over the root of ``mu_k``."""
    return NoiseLevels(sigma_A / np.sqrt(task.mu), sigma_V)


def stage(
    rule: str, threshold: Any = 0.0, rate_A: float = _RATE_A, rate_V: float = _RATE_V
) -> Stage:
    """Return a stage under l1 thresholds, (N,)."""
    return Stage(0, rule, 20, rate_A, rate_V, np.asarray(threshold, np.float64), np.inf, None)


def all_cases() -> list[Case]:
    """Return all cases, in an order that never changes: their seeds depend on it."""
    return [
        *_plain(),
        *_sgd(),
        *_thresholds(),
        *_few_numbers(),
        *_no_noise(),
        *_starts(),
        *_matched(),
    ]


def _l1(name: str, task: Task, rule: str, sigmas: float, **given: Any) -> Case:
    noise = given.pop("noise", None) or levels(task)
    given.setdefault("contenders", _OF_L1)
    sigma = levels(task).sigma_A
    return Case(f"{rule}, {name}", task, noise, stage(rule, sigmas * sigma), **given)


def _one_lam(name: str, task: Task, rule: str, sigmas: float, **given: Any) -> Case:
    """Return a case with one threshold for all columns, in units of the median sigma_k."""
    noise = given.pop("noise", None) or levels(task)
    lam = np.full(task.N, sigmas * np.median(noise.sigma_A))
    return Case(f"{rule}, {name}", task, noise, stage(rule, lam), _OF_L1, **given)


def _sgd_case(name: str, task: Task, noise: Noise | None = None, **given: Any) -> Case:
    given.setdefault("contenders", _OF_SGD)
    under = stage("sgd", np.zeros(task.N))
    return Case(f"sgd, {name}", task, noise or levels(task), under, **given)


def _plain() -> Iterator[Case]:
    """Give every representation there is, float32 among them, under each rule."""
    task = tasks.small()
    yield _sgd_case("N = 4, T = 30", task, contenders=(*_OF_SGD, SINGLE))
    for rule in ("prox", "denoise"):
        every = (SPARSE, SPARSE_A, SCALARS_OF_V, SINGLE)
        yield _l1("N = 4, T = 30, 1.2 sigma", task, rule, 1.2, contenders=every)


def _sgd() -> Iterator[Case]:
    even = tasks.small(mu="uniform")
    yield _sgd_case("even mu", even)
    yield _sgd_case("a level for each column", even, NoiseLevels(_ladder(even), _SIGMA_V))
    yield _sgd_case("T = 2, a level for each column", *_with_ladder(tasks.small(T=2, Q=1)))
    yield _sgd_case("T = 3, a level for each column", *_with_ladder(tasks.small(T=3, Q=2)))
    mixed = tasks.half_without_positions()
    yield _sgd_case("K_k = 0 for some, a level for each", *_with_ladder(mixed))


def _ladder(task: Task) -> np.ndarray:
    """Return a level for each column: none in the first, and ever more noise from there."""
    return np.asarray(_SIGMA_A * 3.0 * np.arange(task.N), np.float64)


def _with_ladder(task: Task) -> tuple[Task, NoiseLevels]:
    return task, NoiseLevels(_ladder(task), _SIGMA_V)


def _thresholds() -> Iterator[Case]:
    """Give activations from two entries of three to one in ten thousand."""
    sizes = {0.5: 60, 1.0: 600, 2.5: 600, 4.0: 8000}
    for rule in ("prox", "denoise"):
        for sigmas, T in sizes.items():
            task = tasks.small(T=T)
            yield _l1(f"T = {T}, {sigmas} sigma", task, rule, sigmas)
        for sigmas, T in {1.0: 600, 2.5: 600}.items():
            task = tasks.small(N=6, T=T)
            yield _one_lam(f"T = {T}, one lam, {sigmas} sigma", task, rule, sigmas)
        task, noise = _with_ladder(tasks.small(N=6, T=200))
        yield _one_lam("one lam, a level for each column", task, rule, 1.5, noise=noise)
    yield _l1("no threshold", tasks.small(T=12), "prox", 0.0)


def _few_numbers() -> Iterator[Case]:
    """Give the smallest sizes, and targets that say nothing."""
    edges = {
        "N = 2": tasks.small(N=2),
        "N = 2, T = 2": tasks.small(N=2, T=2, Q=1),
        "N = 3, T = 3": tasks.small(N=3, T=3, Q=1),
        "T = 2": tasks.small(T=2, Q=1),
        "Q = 1": tasks.small(Q=1),
        "K_P = 0": tasks.without_transitions(),
        "K_Q = 0, Q = T": tasks.without_positions(),
        "K_P = K_Q = 0": tasks.without_anything(),
    }
    for name, task in edges.items():
        yield _sgd_case(name, task)
        yield _l1(name, task, "prox", 1.0)
    for name in ("N = 2, T = 2", "K_P = 0"):
        yield _l1(name, edges[name], "denoise", 1.0)


def _no_noise() -> Iterator[Case]:
    task = tasks.small()
    without = {
        "sigma_A = 0": levels(task, sigma_A=0.0),
        "sigma_V = 0": levels(task, sigma_V=0.0),
        "no noise": NoiseLevels.none(task),
    }
    for name, noise in without.items():
        yield _sgd_case(name, task, noise)
        yield _l1(name, task, "prox", 0.3, noise=noise, contenders=(SPARSE, SCALARS_OF_V))
    still = partial(stage, rate_A=0.0)
    yield Case("sgd, rate_A = 0", task, levels(task), still("sgd", np.zeros(4)), _OF_SGD)
    yield Case("prox, rate_A = 0", task, levels(task), still("prox", np.ones(4)), _OF_L1)


def _starts() -> Iterator[Case]:
    """Give starts at zero, and at states with a rest of every kind: of all entries, and of few."""
    task = tasks.small()
    sigma = levels(task).sigma_A
    warm = (stage("sgd", np.zeros(4)), levels(task))
    yield _sgd_case("from zero", task, start=_ZERO)
    yield _sgd_case("from a rest", task, warm=warm)
    yield _sgd_case("from a rest, a level for each column", *_with_ladder(task), warm=warm)
    still = levels(task, sigma_A=0.0)
    for rule in ("prox", "denoise"):
        some = (stage(rule, 1.5 * sigma), levels(task))
        yield _l1("from zero", task, rule, 2.0, start=_ZERO)
        yield _l1("from a rest of all entries", task, rule, 1.0, warm=warm)
        yield _l1("from a rest of some entries", task, rule, 2.0, warm=some)
    yield _sgd_case("from a rest without noise of A", task, still, warm=warm)


def _matched() -> Iterator[Case]:
    """Give levels that follow the state, renewed on the way; what the sparse engine has is V.

    Of the small batch noise is as large as that of the other cases, so levels differ from entry
    to entry by much.
    """
    follows = partial(MatchedNoise, 40)
    task = tasks.small()
    some = (stage("prox", 1.5 * levels(task).sigma_A), levels(task))
    yield _sgd_case("matched", task, follows(3), contenders=(SINGLE,))
    for rule in ("prox", "denoise"):
        both = {"noise": follows(3), "contenders": (SPARSE_A, SINGLE)}
        rare = {"noise": follows(2), "contenders": (SPARSE_A,)}
        yield _l1("matched", task, rule, 0.7, **both)
        yield _l1("matched, T = 600", tasks.small(N=6, T=600), rule, 1.0, **rare)
        yield _l1("matched, from a rest of some entries", task, rule, 1.0, warm=some, **rare)
    every = {"noise": follows(1), "contenders": (SPARSE_A,)}
    yield _l1("matched, from zero", task, "prox", 0.2, start=_ZERO, **every)
    yield _l1("matched, N = 2, T = 2", tasks.small(N=2, T=2, Q=1), "prox", 0.3, **every)
    yield _l1("matched, K_P = 0", tasks.without_transitions(), "prox", 0.5, **every)
