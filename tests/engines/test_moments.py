"""One step of every rule: exact means and variances, by standard error (|z| < 5)."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import norm

from scbsim import Task
from scbsim.engines.dense import DenseEngine
from scbsim.engines.noise import NoiseLevels
from scbsim.engines.stages import Stage

RATE_A, RATE_V = 0.3, 0.2
SIGMAS = 0.8
# 3 rules x 2 columns x 2 moments x 2 starting values + 2 x 4 for V: chance of any |z| > 5.5 < 2e-6.
Z = 5.5


@pytest.fixture(scope="module")
def task():
    return Task.random(N=3, T=400_000, Q=2, mu="dirichlet", P_concentration=0.1, seed=5)


def soft(x, threshold):
    return np.sign(x) * np.maximum(np.abs(x) - threshold, 0.0)


def next_entry(rule, s, z, kappa, sigma, threshold):
    """Off the support, by docs/model.md, section 4."""
    h = kappa * s + sigma * z
    if rule == "prox":
        return soft(s - RATE_A * h, RATE_A * threshold)
    if rule == "denoise":
        return s - RATE_A * soft(h, threshold)
    return s - RATE_A * h


def moment(rule, power, s, kappa, sigma, threshold):
    def integrand(z):
        return next_entry(rule, s, z, kappa, sigma, threshold) ** power * norm.pdf(z)

    kinks = [
        x
        for x in (-(threshold + kappa * s) / sigma, (threshold - kappa * s) / sigma)
        if abs(x) < 12
    ]
    if rule == "prox":
        keep = (1 - RATE_A * kappa) * s
        kinks = [
            (keep - RATE_A * threshold) / (RATE_A * sigma),
            (keep + RATE_A * threshold) / (RATE_A * sigma),
        ]
    cuts = [-12.0, *sorted(x for x in kinks if abs(x) < 12), 12.0]
    return sum(quad(integrand, a, b, epsabs=1e-14, epsrel=1e-11)[0] for a, b in pairwise(cuts))


@pytest.mark.parametrize("start", [0.0, 0.05])
@pytest.mark.parametrize("rule", ["sgd", "prox", "denoise"])
def test_entries_off_the_support(task, rule, start):
    sigma = 0.4 / np.sqrt(task.mu)
    engine = DenseEngine(
        task, NoiseLevels(sigma, 0.0), alpha_A=0.1, alpha_V=0.9, dtype=np.float32, seed=11
    )
    off = np.ones((task.N, task.T), bool)
    np.put_along_axis(off, task.q_positions, False, axis=1)
    engine.A.bulk[off] = start
    kappa = 0.9**2 * task.K_P
    engine.advance(Stage(0, rule, 1, RATE_A, 0.0, SIGMAS * sigma, np.inf, None), 1)
    for k in range(task.N):
        s = engine.A.bulk[k, off[k]].astype(np.float64)
        for power in (1, 2):
            exact = moment(rule, power, start, kappa, sigma[k], SIGMAS * sigma[k])
            spread = moment(rule, 2 * power, start, kappa, sigma[k], SIGMAS * sigma[k]) - exact**2
            z = ((s**power).mean() - exact) / np.sqrt(spread / s.size)
            assert abs(z) < Z, (k, power)


def test_the_activations_of_prox_are_as_frequent_as_the_tail_says(task):
    sigma = 0.4 / np.sqrt(task.mu)
    engine = DenseEngine(task, NoiseLevels(sigma, 0.0), alpha_A=0.1, alpha_V=0.9, seed=12)
    engine.advance(Stage(0, "prox", 1, RATE_A, 0.0, 3.0 * sigma, np.inf, None), 1)
    activations = np.count_nonzero(engine.A.bulk)
    expected = 2 * norm.sf(3.0) * task.N * (task.T - task.Q)
    assert abs(activations - expected) < Z * np.sqrt(expected)


@pytest.mark.parametrize("rule", ["sgd", "prox", "denoise"])
def test_entries_on_the_support(task, rule):
    """Their noise is drawn with the rest: over many seeds it has the law of the rule."""
    task = Task.random(N=3, T=40, Q=2, mu="dirichlet", P_concentration=0.1, seed=5)
    sigma, runs = 0.4 / np.sqrt(task.mu), 4000
    threshold, kappa, pull = SIGMAS * sigma, 0.9**2 * task.K_P, 0.9 * task.K_P
    seen = np.empty((runs, task.N, task.Q))
    for seed in range(runs):
        engine = DenseEngine(task, NoiseLevels(sigma, 0.0), alpha_A=0.1, alpha_V=0.9, seed=seed)
        engine.advance(Stage(0, rule, 1, RATE_A, 0.0, threshold, np.inf, None), 1)
        seen[seed] = engine.A.support
    z = np.random.default_rng(0).standard_normal((200_000, 1, 1))
    s = 0.1 * task.q_weights
    h = kappa * s - pull * task.q_weights + sigma[:, None] * z
    if rule == "prox":
        expected = soft(s - RATE_A * h, RATE_A * threshold[:, None])
    elif rule == "denoise":
        expected = s - RATE_A * soft(h, threshold[:, None])
    else:
        expected = s - RATE_A * h
    error = np.sqrt(expected.var(axis=0) * (1 / runs + 1 / len(z)))
    assert np.all(np.abs(seen.mean(axis=0) - expected.mean(axis=0)) < Z * error)
    ratio = seen.var(axis=0) / expected.var(axis=0)
    kurtosis = ((expected - expected.mean(axis=0)) ** 4).mean(axis=0) / expected.var(axis=0) ** 2
    assert np.all(np.abs(ratio - 1) < Z * np.sqrt((kurtosis - 1) * (1 / runs + 1 / len(z))))


@pytest.mark.parametrize("N", [2, 5])
@pytest.mark.filterwarnings("ignore::scbsim.errors.TaskWarning")
def test_value_matrix(N):
    """alpha_V is normal; rho_V^2 is a chi-square with (N - 1)^2 - 1 degrees of freedom."""
    task = Task.random(N=N, T=50, Q=2, mu="dirichlet", P_concentration=0.1, seed=2)
    sigma_V, runs, start = 0.3, 6000, 0.4
    alpha, square = np.empty(runs), np.empty(runs)
    stage = Stage(0, "sgd", 1, 0.0, RATE_V, np.zeros(N), np.inf, None)
    for seed in range(runs):
        noise = NoiseLevels(np.zeros(N), sigma_V)
        engine = DenseEngine(task, noise, alpha_A=0.5, alpha_V=start, seed=seed)
        row = engine.advance(stage, 1).rows[0]
        alpha[seed], square[seed] = row[1], row[3] ** 2
    nA, qA = 1 / task.T + 0.25 * task.K_Q, 1 / task.T + 0.5 * task.K_Q
    amplitude = RATE_V * sigma_V
    mean, spread = (1 - RATE_V * nA) * start + RATE_V * qA, amplitude / np.sqrt(task.K_P)
    assert abs(alpha.mean() - mean) < Z * spread / np.sqrt(runs)
    assert abs(alpha.var() / spread**2 - 1) < Z * np.sqrt(2 / runs)
    freedom = (N - 1) ** 2 - 1
    if freedom == 0:
        # What rounding leaves, against a noise of amplitude^2.
        assert np.all(square < 1e-25 * amplitude**2)
        return
    square /= amplitude**2
    assert abs(square.mean() - freedom) < Z * np.sqrt(2 * freedom / runs)
    error = np.sqrt((8 * freedom**2 + 48 * freedom) / runs)
    assert abs(square.var() - 2 * freedom) < Z * error
