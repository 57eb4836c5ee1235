"""The cases of ``scbsim verify``: all rules and representations, with their edge cases."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np

from scbsim.engines.noise import MatchedNoise, NoiseLevels, SampledNoise
from scbsim.engines.stages import Stage
from scbsim.studies.verify import tasks
from scbsim.studies.verify.case import (
    COLLAPSED,
    COLUMNS,
    SAMPLED,
    SCALARS_OF_V,
    SINGLE,
    SPARSE,
    SPARSE_A,
    Case,
)
from scbsim.studies.verify.case_parts import OF_SGD, ZERO, case_of, ladder, levels, scheduled, stage
from scbsim.studies.verify.own_rule_cases import own_rule_cases


def all_cases() -> list[Case]:
    """Return all cases. Their order must not change, since their seeds depend on it."""
    return [
        *_plain(),
        *_sgd(),
        *_thresholds(),
        *_small_sizes(),
        *_no_noise(),
        *_starts(),
        *_matched(),
        *_covariances(),
        *_columns(),
        *_normalized(),
        *_scheduled(),
        *own_rule_cases(),
        *_sampled(),
    ]


def _plain() -> Iterator[Case]:
    """Yield every representation under every rule, float32 included."""
    task = tasks.small()
    yield case_of("N = 4, T = 30", task, contenders=(*OF_SGD, SINGLE))
    for rule in ("prox", "denoise"):
        every = (SPARSE, SPARSE_A, SCALARS_OF_V, SINGLE)
        yield case_of("N = 4, T = 30, 1.2 sigma", task, rule, 1.2, contenders=every)


def _sgd() -> Iterator[Case]:
    even = tasks.small(mu="uniform")
    yield case_of("even mu", even)
    with_ladder = {
        "a level for each column": even,
        "T = 2, a level for each column": tasks.small(T=2, Q=1),
        "T = 3, a level for each column": tasks.small(T=3, Q=2),
        "K_k = 0 for some, a level for each": tasks.half_without_positions(),
    }
    for name, task in with_ladder.items():
        yield case_of(name, task, noise=ladder(task))


def _thresholds() -> Iterator[Case]:
    """Yield cases in which from two entries of three to one in ten thousand are activated."""
    for rule in ("prox", "denoise"):
        for sigmas, T in {0.5: 60, 1.0: 600, 2.5: 600, 4.0: 8000}.items():
            yield case_of(f"T = {T}, {sigmas} sigma", tasks.small(T=T), rule, sigmas)
        for sigmas, T in {1.0: 600, 2.5: 600}.items():
            task = tasks.small(N=6, T=T)
            one = _one_threshold(rule, levels(task), sigmas)
            yield case_of(f"T = {T}, one lam, {sigmas} sigma", task, rule, stage=one)
        task = tasks.small(N=6, T=200)
        noise = ladder(task)
        one = _one_threshold(rule, noise, 1.5)
        yield case_of("one lam, a level for each column", task, rule, stage=one, noise=noise)
    yield case_of("no threshold", tasks.small(T=12), "prox", 0.0)


def _one_threshold(rule: str, noise: NoiseLevels, sigmas: float) -> Stage:
    """Return a stage with one threshold for all columns, in units of the median level."""
    return stage(rule, np.full(len(noise.sigma_A), sigmas * np.median(noise.sigma_A)))


def _small_sizes() -> Iterator[Case]:
    """Yield the smallest sizes, and targets with nothing to learn."""
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
        yield case_of(name, task)
        yield case_of(name, task, "prox", 1.0)
    for name in ("N = 2, T = 2", "K_P = 0"):
        yield case_of(name, edges[name], "denoise", 1.0)


def _no_noise() -> Iterator[Case]:
    task = tasks.small()
    without = {
        "sigma_A = 0": levels(task, sigma_A=0.0),
        "sigma_V = 0": levels(task, sigma_V=0.0),
        "no noise": NoiseLevels.none(task),
    }
    for name, noise in without.items():
        yield case_of(name, task, noise=noise)
        yield case_of(name, task, "prox", 0.3, noise=noise, contenders=(SPARSE, SCALARS_OF_V))
    for rule, threshold in (("sgd", np.zeros(4)), ("prox", np.ones(4))):
        yield case_of("rate_A = 0", task, rule, stage=stage(rule, threshold, rate_A=0.0))


def _starts() -> Iterator[Case]:
    """Yield starts at zero, and at noise parts with all of their entries or with a few."""
    task = tasks.small()
    sigma = levels(task).sigma_A
    warm = (stage("sgd", np.zeros(4)), levels(task))
    yield case_of("from zero", task, start=ZERO)
    yield case_of("from a rest", task, warm=warm)
    yield case_of("from a rest, a level for each column", task, noise=ladder(task), warm=warm)
    for rule in ("prox", "denoise"):
        few = (stage(rule, 1.5 * sigma), levels(task))
        yield case_of("from zero", task, rule, 2.0, start=ZERO)
        yield case_of("from a rest of all entries", task, rule, 1.0, warm=warm)
        yield case_of("from a rest of some entries", task, rule, 2.0, warm=few)
    still = levels(task, sigma_A=0.0)
    yield case_of("from a rest without noise of A", task, noise=still, warm=warm)


def _matched() -> Iterator[Case]:
    """Yield matched levels that are updated on the way; the sparse engine has V as a matrix.

    At this batch size the noise is as strong as in other cases, so levels differ a lot between
    entries.
    """
    every = partial(MatchedNoise, 40)
    task = tasks.small()
    few = (stage("prox", 1.5 * levels(task).sigma_A), levels(task))
    yield case_of("matched", task, noise=every(3), contenders=(SINGLE,))
    for rule in ("prox", "denoise"):
        yield case_of("matched", task, rule, 0.7, noise=every(3), contenders=(SPARSE_A, SINGLE))
        second: dict[str, Any] = {"noise": every(2), "contenders": (SPARSE_A,)}
        yield case_of("matched, T = 600", tasks.small(N=6, T=600), rule, 1.0, **second)
        yield case_of("matched, from a rest of some entries", task, rule, 1.0, warm=few, **second)
    each: dict[str, Any] = {"noise": every(1), "contenders": (SPARSE_A,)}
    yield case_of("matched, from zero", task, "prox", 0.2, start=ZERO, **each)
    yield case_of("matched, N = 2, T = 2", tasks.small(N=2, T=2, Q=1), "prox", 0.3, **each)
    yield case_of("matched, K_P = 0", tasks.without_transitions(), "prox", 0.5, **each)


def _covariances() -> Iterator[Case]:
    """Yield matched noise with covariances.

    The sparse engine does not shift its entries at zero, which shows at small T alone.
    """
    every = partial(MatchedNoise, 40, covariances=True)
    name, task = "covariances", tasks.small(T=600)
    yield case_of(name, tasks.small(), noise=every(2), contenders=(SINGLE,))
    each: dict[str, Any] = {"noise": every(1), "contenders": (SINGLE,)}
    yield case_of(f"{name}, N = 2, T = 2", tasks.small(N=2, T=2, Q=1), **each)
    yield case_of(f"{name}, K_P = 0", tasks.without_transitions(), **each)
    both: dict[str, Any] = {"noise": every(2), "contenders": (SPARSE_A, SINGLE)}
    for rule in ("prox", "denoise"):
        yield case_of(f"{name}, T = 600", task, rule, 1.0, **both)
    few = (stage("prox", 1.5 * levels(task).sigma_A), levels(task))
    rest: dict[str, Any] = {"noise": every(1), "contenders": (SPARSE_A,), "warm": few}
    yield case_of(f"{name}, from a rest of some entries", task, "prox", 1.0, **rest)


def _columns() -> Iterator[Case]:
    """Yield SGD under matched noise on Q + 2 numbers a column, at sizes far below its own."""
    task = tasks.small()
    warm = (stage("sgd", np.zeros(4)), levels(task))
    one: dict[str, Any] = {"contenders": (COLUMNS,)}
    yield case_of("columns, matched", task, noise=MatchedNoise(40, 3), **one)
    every = partial(MatchedNoise, 40, 2, covariances=True)
    for name, small in {
        "N = 4, T = 30": task,
        "N = 6, T = 600": tasks.small(N=6, T=600),
        "N = 2, T = 2": tasks.small(N=2, T=2, Q=1),
        "N = 3, T = 3": tasks.small(N=3, T=3, Q=1),
        "K_Q = 0, Q = T": tasks.without_positions(),
    }.items():
        yield case_of(f"columns, {name}", small, noise=every(), **one)
    yield case_of("columns, from zero", task, noise=every(), start=ZERO, **one)
    yield case_of("columns, from a rest", task, noise=every(), warm=warm, **one)


def _normalized() -> Iterator[Case]:
    """Yield SGD whose entries are drawn at every time, where some of the noise stands out."""
    task = tasks.small()
    each: dict[str, Any] = {"normalized": 0.5, "times": (4, 5, 8), "contenders": (COLLAPSED,)}
    yield case_of("normalised", task, **each)
    yield case_of("normalised, a level for each column", task, noise=ladder(task), **each)
    each |= {"contenders": (COLUMNS,), "noise": MatchedNoise(10, 2, covariances=True)}
    each |= {"normalized": 0.6, "start": {"alpha_A": 0.0, "alpha_V": 0.4}}
    yield case_of("columns, normalised", tasks.small(N=2), **each)


def _scheduled() -> Iterator[Case]:
    """Yield steps that all differ, with thresholds that follow the noise and that do not."""
    task, larger = tasks.small(), tasks.small(N=6, T=600)
    name = "scheduled"
    each: dict[str, Any] = {"times": (1, 4, 8)}
    sgd = each | {"stage": scheduled("sgd", np.zeros(4))}
    yield case_of(name, task, **sgd, contenders=(*OF_SGD, SINGLE))
    normalized = sgd | {"normalized": 0.5, "times": (4, 5, 8), "contenders": (COLLAPSED,)}
    yield case_of(f"{name}, a level for each column", task, noise=ladder(task), **normalized)
    for rule in ("prox", "denoise"):
        sigma = levels(larger).sigma_A
        one = scheduled(rule, sigma, "0.9 + t/9")
        yield case_of(name, larger, rule, stage=one, **each)
        joint = partial(MatchedNoise, 40, 2)
        both = each | {"stage": one, "contenders": (SPARSE_A, SINGLE)}
        yield case_of(f"{name}, matched", larger, rule, noise=joint(), **both)
        yield case_of(f"{name}, covariances", larger, rule, noise=joint(covariances=True), **both)
    matched = each | {"stage": scheduled("sgd", np.zeros(6)), "contenders": (COLUMNS,)}
    yield case_of(f"columns, {name}", larger, noise=MatchedNoise(40, 2), **matched)
    noise = MatchedNoise(40, 2, covariances=True)
    yield case_of(f"columns, {name}, covariances", larger, noise=noise, **matched)


def _sampled() -> Iterator[Case]:
    """Yield sampled noise, where the engine without entries is a limit for large T."""
    task, larger = tasks.small(T=600), tasks.small(N=6, T=600)
    one: dict[str, Any] = {"noise": SampledNoise(40), "contenders": (SAMPLED,)}
    yield case_of("sampled, N = 6, T = 600", larger, **one)
    yield case_of("sampled, from zero", task, start=ZERO, **one)
    yield case_of("sampled, T = 600", task, "prox", 1.0, **(one | {"contenders": (SINGLE,)}))
