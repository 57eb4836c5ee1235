"""The dense engine's law against an independent NumPy reference, two-sample, over many seeds."""

from __future__ import annotations

import numpy as np
import pytest
from scbsim_testing.reference import Reference
from scipy.stats import ks_2samp

from scbsim import Task
from scbsim.engines.dense import DenseEngine
from scbsim.engines.noise import NoiseLevels
from scbsim.engines.stages import Stage
from scbsim.observables import NAMES

RUNS = 2000
TIMES = (2, 12)
START = {"alpha_A": 0.3, "alpha_V": 0.4}
RATE_A, RATE_V = 0.2, 0.15
SIGMA_A, SIGMA_V, BATCH = 1.0, 0.7, 400.0
# 2 precisions x 5 rules x 2 times x 9 observables = 180 comparisons: 1e-4 in all.
FLOOR = 5e-7


@pytest.fixture(scope="module")
def task():
    return Task.random(N=4, T=30, Q=2, mu="dirichlet", P_concentration=0.1, seed=3)


def levels(task):
    """Noise and l1 thresholds by the formulas of docs/model.md, written out again."""
    sigma = SIGMA_A / np.sqrt(BATCH * task.mu)
    return sigma, 1.2 * sigma, SIGMA_V / np.sqrt(BATCH)


def dense_rows(task, rule, dtype):
    sigma, threshold, sigma_V = levels(task)
    stage = Stage(0, rule, TIMES[-1], RATE_A, RATE_V, threshold, np.inf, None)
    rows = np.empty((RUNS, len(TIMES), len(NAMES)))
    for seed in range(RUNS):
        noise = NoiseLevels(sigma, sigma_V)
        engine = DenseEngine(task, noise, **START, seed=seed, dtype=dtype, threads=1)
        if rule == "momentum":
            engine.keep_memory()
        block = engine.advance(stage, TIMES[-1])
        rows[seed] = block.rows[[t - 1 for t in TIMES]]
    return rows


def reference_rows(task, rule, scale=1.0, seed=99):
    sigma, threshold, sigma_V = levels(task)
    reference = Reference(task, RUNS, **START, seed=seed)
    rows = np.empty((RUNS, len(TIMES), len(NAMES)))
    for t in range(1, TIMES[-1] + 1):
        reference.step(rule, RATE_A, RATE_V, scale * sigma, sigma_V, threshold)
        if t in TIMES:
            rows[:, TIMES.index(t)] = reference.observables()
    return rows


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    "rule",
    [
        *("sgd", "prox", "denoise"),
        *(pytest.param(rule, marks=pytest.mark.slow) for rule in ("hard", "momentum")),
    ],
)
def test_the_law_of_every_observable_is_the_reference_s(task, rule, dtype):
    ours, theirs = dense_rows(task, rule, dtype), reference_rows(task, rule)
    for i, t in enumerate(TIMES):
        for j, name in enumerate(NAMES):
            p = ks_2samp(ours[:, i, j], theirs[:, i, j]).pvalue
            assert p > FLOOR, (name, t)


def test_increments_between_two_times_have_the_same_law(task):
    """Joint laws across time, not margins alone: 9 more comparisons."""
    ours, theirs = dense_rows(task, "prox", np.float32), reference_rows(task, "prox")
    for j, name in enumerate(NAMES):
        p = ks_2samp(ours[:, 1, j] - ours[:, 0, j], theirs[:, 1, j] - theirs[:, 0, j]).pvalue
        assert p > FLOOR, name


@pytest.mark.parametrize("rule", ["sgd", "prox", "denoise"])
def test_the_comparison_notices_noise_that_is_five_percent_off(task, rule):
    right, wrong = reference_rows(task, rule), reference_rows(task, rule, scale=1.05, seed=7)
    i, j = len(TIMES) - 1, NAMES.index("delta_A")
    assert ks_2samp(right[:, i, j], wrong[:, i, j]).pvalue < FLOOR
