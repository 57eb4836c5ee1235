"""The hard threshold on active entries: its law against an independent NumPy reference."""

from __future__ import annotations

import numpy as np
import pytest
from scbsim_testing.reference import Reference
from scipy.stats import ks_2samp

from scbsim import Task
from scbsim.engines.noise import NoiseLevels
from scbsim.engines.sparse import SparseEngine
from scbsim.engines.stages import Stage
from scbsim.observables import NAMES

RUNS = 2000
TIMES = (2, 12)
START = {"alpha_A": 0.3, "alpha_V": 0.4}
RATE_A, RATE_V = 0.2, 0.15
# 2 times x 9 observables = 18 comparisons: below 1e-4 in all.
FLOOR = 5e-6


@pytest.fixture(scope="module")
def task():
    return Task.random(N=4, T=30, Q=2, mu="dirichlet", P_concentration=0.1, seed=3)


def levels(task):
    sigma = 1.0 / np.sqrt(400.0 * task.mu)
    return sigma, 1.2 * sigma, 0.7 / 20.0


def reference_rows(task, rule):
    sigma, threshold, sigma_V = levels(task)
    reference = Reference(task, RUNS, **START, seed=99)
    rows = {}
    for t in range(1, TIMES[-1] + 1):
        reference.step(rule, RATE_A, RATE_V, sigma, sigma_V, threshold)
        rows[t] = reference.observables()
    return np.stack([rows[t] for t in TIMES], axis=1)


def sparse_rows(task, rule):
    sigma, threshold, sigma_V = levels(task)
    stage = Stage(0, rule, TIMES[-1], RATE_A, RATE_V, threshold, np.inf, None)
    rows = np.empty((RUNS, len(TIMES), len(NAMES)))
    for seed in range(RUNS):
        engine = SparseEngine(task, NoiseLevels(sigma, sigma_V), value=True, **START, seed=seed)
        rows[seed] = engine.advance(stage, TIMES[-1]).rows[[t - 1 for t in TIMES]]
    return rows


@pytest.mark.slow
def test_the_law_of_hard_on_active_entries_is_the_reference_s(task):
    ours, theirs = sparse_rows(task, "hard"), reference_rows(task, "hard")
    for i, t in enumerate(TIMES):
        for j, name in enumerate(NAMES):
            assert ks_2samp(ours[:, i, j], theirs[:, i, j]).pvalue > FLOOR, (name, t)
    # Another rule with the same threshold is told apart.
    other = reference_rows(task, "prox")
    j = NAMES.index("delta_A")
    assert ks_2samp(ours[:, 1, j], other[:, 1, j]).pvalue < FLOOR
