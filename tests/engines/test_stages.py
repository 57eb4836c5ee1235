"""Stages in numbers: rules, rates and l1 thresholds."""

from __future__ import annotations

import numpy as np
import pytest
from scbsim_testing.small_runs import rows, run_spec
from scipy.stats import norm

from scbsim import Task, simulate
from scbsim.engines.dense import DenseEngine
from scbsim.engines.noise import NoiseLevels
from scbsim.engines.stages import one_activation_sigmas, stages_of


@pytest.fixture(scope="module")
def task():
    return Task.random(
        N=6, T=60, Q=2, mu="dirichlet", mu_concentration=2.0, P_concentration=0.05, seed=1
    )


def test_what_the_spec_says(task):
    stages = [
        {"steps": 5, "rule": "sgd", "rate_A": 0.3, "rate_V": 0.0, "until_signal": 0.4},
        {"steps": 6, "threshold": 0.02, "normalize_level": 0.2},
        {"steps": 7, "rule": "denoise", "threshold_sigmas": 3.0},
    ]
    first, second, third = stages_of(run_spec("dynamics.rule=prox", stages=stages), task)
    assert (first.index, first.rule, first.steps) == (0, "sgd", 5)
    assert (first.rate_A, first.rate_V) == (0.3, 0.0)
    assert (first.until_signal, first.normalize_level) == (0.4, None)
    assert (second.index, second.rule, second.steps) == (1, "prox", 6)
    assert (second.rate_A, second.rate_V) == (0.1, 0.1)
    assert (second.until_signal, second.normalize_level) == (np.inf, 0.2)
    assert (third.index, third.rule) == (2, "denoise")
    np.testing.assert_array_equal(first.threshold, np.zeros(6))
    np.testing.assert_array_equal(second.threshold, np.full(6, 0.02))
    sigma = 1.0 / np.sqrt(1e5 * task.mu)
    np.testing.assert_allclose(third.threshold, 3.0 * sigma, rtol=1e-14)
    assert np.ptp(third.threshold) > 0.0


def test_a_rule_without_a_threshold_has_none(task):
    """Its sigmas are those that the spec gives a stage which names no threshold."""
    spec = run_spec("dynamics.rule=sgd")
    assert spec.stage[0].threshold_sigmas == 4.0
    (stage,) = stages_of(spec, task)
    np.testing.assert_array_equal(stage.threshold, np.zeros(6))


def test_levels_in_sigmas_are_levels(task):
    """A threshold in sigmas is the same run as the threshold itself."""
    words = ("noise.sigma_A=2.0",)
    threshold = 3.0 * 2.0 / np.sqrt(1e5 / 6)
    in_sigmas = simulate(run_spec(*words, stages=[{"steps": 20, "threshold_sigmas": 3.0}]))
    itself = simulate(run_spec(*words, stages=[{"steps": 20, "threshold": float(threshold)}]))
    np.testing.assert_allclose(rows(in_sigmas), rows(itself), rtol=1e-6)
    fewer = simulate(run_spec(*words, stages=[{"steps": 20, "threshold_sigmas": 4.0}]))
    assert abs(rows(fewer)[-1] - rows(itself)[-1]).max() > 1e-3


def test_the_population_process_has_the_thresholds_of_the_noise_it_leaves_out():
    at_rest = simulate(run_spec("dynamics.engine=population", "noise.sigma_A=1e6"))
    assert float(at_rest["alpha_A"][-1]) == 0.0, "nothing is above such a threshold"


@pytest.mark.parametrize(("N", "T", "Q"), [(2, 3, 2), (6, 60, 2), (100, 10**5, 2), (5, 10**12, 7)])
@pytest.mark.filterwarnings("ignore::scbsim.errors.TaskWarning")
def test_auto_expects_one_activation_a_step(N, T, Q):
    sigmas = one_activation_sigmas(Task.random(N=N, T=T, Q=Q))
    assert N * (T - Q) * 2.0 * norm.sf(sigmas) == pytest.approx(1.0, rel=1e-9)


@pytest.mark.filterwarnings("ignore::scbsim.errors.TaskWarning")
def test_auto_where_all_is_support():
    assert one_activation_sigmas(Task.random(N=3, T=4, Q=4)) == 0.0
    assert one_activation_sigmas(Task.random(N=2, T=2, Q=2)) == 0.0


def test_auto_in_a_spec(task):
    (stage,) = stages_of(run_spec(stages=[{"steps": 1, "threshold_sigmas": "auto"}]), task)
    expected = one_activation_sigmas(task) / np.sqrt(1e5 * task.mu)
    np.testing.assert_allclose(stage.threshold, expected, rtol=1e-14)


def test_auto_gives_one_activation_a_step(task):
    """From a state at rest: signals at 0 leave a first step of noise alone."""
    activations = []
    for seed in range(600):
        spec = run_spec(
            f"seed={seed}",
            "init.alpha_A=0.0",
            "init.alpha_V=0.0",
            stages=[{"steps": 1, "threshold_sigmas": "auto"}],
        )
        engine = DenseEngine(
            task, NoiseLevels.from_spec(spec, task), alpha_A=0.0, alpha_V=0.0, seed=seed
        )
        engine.advance(stages_of(spec, task)[0], 1)
        activations.append(np.count_nonzero(engine.A.bulk))
    # Binomial, with all but the variance of a Poisson variate of mean 1.
    assert np.mean(activations) == pytest.approx(1.0, abs=4.5 / np.sqrt(len(activations)))
