"""Without noise the dense engine and the population engine are the population process."""

from __future__ import annotations

import numpy as np
import pytest

from scbsim import Task
from scbsim.engines.dense import DenseEngine
from scbsim.engines.noise import NoiseLevels
from scbsim.engines.population import PopulationEngine
from scbsim.engines.stages import Stage
from scbsim.observables import NAMES

STEPS = 600
RATE_A, RATE_V = 0.13, 0.07
START = {"alpha_A": 0.05, "alpha_V": 0.2}


def population(task, steps):
    """The two scalars of docs/model.md, section 3."""
    alpha_A, alpha_V = START["alpha_A"], START["alpha_V"]
    path = []
    for _ in range(steps):
        up_V = task.K_Q * alpha_A * (1 - alpha_A * alpha_V) + (1 - alpha_V) / task.T
        up_A = task.K_P * alpha_V * (1 - alpha_A * alpha_V)
        alpha_A, alpha_V = alpha_A + RATE_A * up_A, alpha_V + RATE_V * up_V
        path.append((alpha_A, alpha_V))
    return np.array(path)


def stage(task, rule="sgd", threshold=0.0):
    return Stage(0, rule, STEPS, RATE_A, RATE_V, np.full(task.N, threshold), np.inf, None)


@pytest.fixture(scope="module")
def task():
    return Task.random(
        N=7, T=2500, Q=3, mu="dirichlet", mu_concentration=3.0, P_concentration=0.05, seed=1
    )


@pytest.mark.parametrize("engine_type", [DenseEngine, PopulationEngine])
@pytest.mark.parametrize("rule", ["sgd", "prox", "denoise"])
def test_every_rule_follows_the_two_scalars(task, engine_type, rule):
    """Without a threshold the three rules are one."""
    engine = engine_type(task, NoiseLevels.none(task), **START, dtype=np.float64)
    rows = engine.advance(stage(task, rule), STEPS).rows
    path = population(task, STEPS)
    np.testing.assert_allclose(rows[:, 0], path[:, 0], rtol=1e-10)
    np.testing.assert_allclose(rows[:, 1], path[:, 1], rtol=1e-10)
    assert path[-1, 0] * path[-1, 1] > 0.99, "the path must reach the truth to test anything"
    assert np.all(rows[:, NAMES.index("delta_A")] < 1e-12)
    assert np.all(rows[:, NAMES.index("delta_V")] < 1e-12)


def test_single_precision_follows_as_closely(task):
    """The support and V are in float64 whatever the precision of the rest."""
    engine = DenseEngine(task, NoiseLevels.none(task), **START, dtype=np.float32)
    rows = engine.advance(stage(task), STEPS).rows
    np.testing.assert_allclose(rows[:, 0], population(task, STEPS)[:, 0], rtol=1e-10)


@pytest.mark.parametrize("rule", ["prox", "denoise"])
def test_under_a_threshold_population_and_dense_agree(task, rule):
    rows = []
    for engine_type in (DenseEngine, PopulationEngine):
        engine = engine_type(task, NoiseLevels.none(task), **START, dtype=np.float64)
        rows.append(engine.advance(stage(task, rule, threshold=0.004), STEPS).rows)
    np.testing.assert_allclose(rows[0], rows[1], rtol=1e-10, atol=1e-13)
    free = population(task, STEPS)
    assert abs(rows[0][-1, 0] - free[-1, 0]) > 1e-3, "the threshold must bite to test anything"


def test_the_population_process_costs_nothing_at_any_length():
    task = Task.random(N=5, T=10**12, Q=2, P_concentration=0.05)
    engine = PopulationEngine(task, NoiseLevels.none(task), **START)
    rows = engine.advance(stage(task), STEPS).rows
    np.testing.assert_allclose(rows[:, 1], population(task, STEPS)[:, 1], rtol=1e-10)
