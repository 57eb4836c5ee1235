"""Matched noise in law: against an independent reference, and a step against exact integrals."""

from __future__ import annotations

import numpy as np
import pytest
from scbsim_testing.matched import matched_variances
from scbsim_testing.reference import Reference, full_q
from scipy.integrate import trapezoid
from scipy.stats import ks_2samp, norm

from scbsim import Task
from scbsim.engines.dense import DenseEngine
from scbsim.engines.noise import MatchedNoise
from scbsim.engines.sparse import SparseEngine
from scbsim.engines.stages import Stage
from scbsim.observables import NAMES

START = {"alpha_A": 0.3, "alpha_V": 0.4}
RATE_A, RATE_V, BATCH = 0.2, 0.15, 40
RUNS, TIMES = 2000, (2, 9)
# 5 ways x 2 times x 9 observables: below 1e-4 in all.
FLOOR = 1e-6


def dense(task, noise, **options):
    return DenseEngine(task, noise, **START, **options)


def dense_64(task, noise, **options):
    return dense(task, noise, dtype=np.float64, **options)


def sparse(task, noise, **options):
    return SparseEngine(task, noise, **START, value=True, **options)


@pytest.fixture(scope="module")
def task():
    return Task.random(N=4, T=30, Q=2, mu="dirichlet", P_concentration=0.1, seed=3)


def lam(task, rule):
    return np.full(task.N, 0.0 if rule == "sgd" else 0.08)


def reference_rows(task, rule, of_A=1.0, of_V=1.0, seed=99):
    """Levels from full matrices, before every step; ``of_A`` and ``of_V`` make them wrong."""
    reference = Reference(task, RUNS, **START, seed=seed)
    rows, q = np.empty((RUNS, len(TIMES), len(NAMES))), full_q(task)
    for t in range(1, TIMES[-1] + 1):
        Vb = reference.W / np.sqrt(task.mu)
        A, V = matched_variances(task, reference.a, q, Vb)
        sigma_A, sigma_V = of_A * np.sqrt(A / BATCH), of_V * np.sqrt(V / BATCH)[:, None, None]
        reference.step(rule, RATE_A, RATE_V, sigma_A, sigma_V, lam(task, rule))
        if t in TIMES:
            rows[:, TIMES.index(t)] = reference.observables()
    return rows


def engine_rows(task, rule, build):
    stage = Stage(0, rule, TIMES[-1], RATE_A, RATE_V, lam(task, rule), np.inf, None)
    rows = np.empty((RUNS, len(TIMES), len(NAMES)))
    for seed in range(RUNS):
        block = build(task, MatchedNoise(BATCH, 1), seed=seed).advance(stage, TIMES[-1])
        rows[seed] = block.rows[[t - 1 for t in TIMES]]
    return rows


@pytest.mark.slow
@pytest.mark.parametrize(
    ("rule", "build"),
    [("sgd", dense), ("prox", dense_64), ("denoise", dense), ("prox", sparse), ("denoise", sparse)],
)
def test_the_law_of_every_observable_is_the_reference_s(task, rule, build):
    ours, theirs = engine_rows(task, rule, build), reference_rows(task, rule)
    for i, t in enumerate(TIMES):
        for j, name in enumerate(NAMES):
            p = ks_2samp(ours[:, i, j], theirs[:, i, j]).pvalue
            assert p > FLOOR, (name, t)


@pytest.mark.parametrize("matrix", ["A", "V"])
def test_the_comparison_notices_levels_that_are_a_tenth_off(task, matrix):
    right = reference_rows(task, "prox")
    wrong = reference_rows(task, "prox", **{f"of_{matrix}": 1.1}, seed=7)
    j = NAMES.index(f"delta_{matrix}")
    assert ks_2samp(right[:, -1, j], wrong[:, -1, j]).pvalue < FLOOR


def next_entry(rule, s, z, kappa, sigma, threshold):
    h = kappa * s + sigma * z
    if rule == "sgd":
        return s - RATE_A * h
    if rule == "prox":
        moved = s - RATE_A * h
        return np.sign(moved) * np.maximum(np.abs(moved) - RATE_A * threshold, 0.0)
    return s - RATE_A * np.sign(h) * np.maximum(np.abs(h) - threshold, 0.0)


@pytest.mark.parametrize("start", [0.0, 0.05, -0.3])
@pytest.mark.parametrize(
    ("rule", "build"), [("sgd", dense), ("prox", dense), ("prox", sparse), ("denoise", sparse)]
)
def test_a_step_from_entries_whose_level_depends_on_them(rule, build, start):
    """With coefficients by hand: of many entries alike, none has much of its column's square."""
    task = Task.random(N=3, T=200_000, Q=2, mu="dirichlet", P_concentration=0.1, seed=5)
    engine = build(task, MatchedNoise(BATCH, 1000), seed=11)
    off = np.ones((task.N, task.T), bool)
    np.put_along_axis(off, task.q_positions, False, axis=1)
    if build is sparse and start:
        first = np.arange(task.N + 1) * (task.T - task.Q)
        engine.set_entries(first, np.nonzero(off)[1], np.full(first[-1], start))
    elif build is dense:
        engine.A.bulk[off] = start
    levels, engine.step = engine._matched.levels, 1
    levels.of_A[:] = [[0.1, 0.04, 0.9, 0.0, 0.0, 0.0]]
    levels.of_zeros[:] = np.sqrt(0.04 + 0.9 * 0.1**2)
    threshold = 0.2 * np.ones(task.N)
    engine.advance(Stage(0, rule, 1, RATE_A, 0.0, threshold, np.inf, None), 1)
    kappa, sigma = 0.4**2 * task.K_P, np.sqrt(0.04 + 0.9 * (start + 0.1) ** 2)
    z = np.linspace(-12.0, 12.0, 400_001)
    after = next_entry(rule, start, z, kappa, sigma, threshold[0])
    whole = np.zeros((task.N, task.T))
    if build is sparse:
        state = engine.state()
        columns = np.repeat(np.arange(task.N), np.diff(state["indptr"]))
        whole[columns, state["indices"]] = state["data"]
    else:
        whole[:] = engine.A.bulk
    # 12 cases x 2 moments, |z| < 5.5: one failure in a million seeds.
    for power in (1, 2):
        exact, square = (trapezoid(after**n * norm.pdf(z), z) for n in (power, 2 * power))
        found = (whole[off] ** power).mean()
        assert abs(found - exact) < 5.5 * np.sqrt((square - exact**2) / off.sum()), power
