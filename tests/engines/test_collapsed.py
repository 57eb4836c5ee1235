"""The collapsed engine: what is exact in it; tests/studies/verify holds its law."""

import numpy as np
import pytest

from scbsim import RunSpec, Task
from scbsim.engines.collapsed import CollapsedEngine
from scbsim.engines.dense import DenseEngine
from scbsim.engines.noise import NoiseLevels
from scbsim.engines.population import PopulationEngine
from scbsim.engines.select import plan_of
from scbsim.engines.stages import Stage
from scbsim.errors import InputError

START = {"alpha_A": 0.3, "alpha_V": 0.4}


@pytest.fixture(scope="module")
def task():
    return Task.random(N=5, T=200, Q=2, mu="dirichlet", P_concentration=0.05, seed=1)


def stage(task, steps=400):
    return Stage(0, "sgd", steps, 0.2, 0.15, np.zeros(task.N), np.inf, None)


def even(task):
    return NoiseLevels(0.05 / np.sqrt(task.mu), 0.02)


def ladder(task):
    return NoiseLevels(0.02 * np.arange(task.N), 0.02)


def test_two_numbers_where_levels_are_alike_and_two_a_column_elsewhere(task):
    for noise, groups in ((even(task), 1), (ladder(task), 5), (NoiseLevels.none(task), 1)):
        assert len(CollapsedEngine(task, noise, **START).collapsed.alpha) == groups


def test_without_noise_it_is_the_population_process(task):
    rows = [
        engine_type(task, NoiseLevels.none(task), **START).advance(stage(task), 400).rows
        for engine_type in (CollapsedEngine, PopulationEngine)
    ]
    np.testing.assert_allclose(rows[0], rows[1], rtol=1e-10, atol=1e-13)


@pytest.mark.parametrize("levels", [even, ladder])
def test_a_state_goes_on_to_the_same_bits(task, levels):
    whole, cut, other = (CollapsedEngine(task, levels(task), **START, seed=4) for _ in range(3))
    rows = whole.advance(stage(task), 60).rows
    first = cut.advance(stage(task), 25).rows
    other.restore(25, {name: array.copy() for name, array in cut.state().items()})
    np.testing.assert_array_equal(
        np.concatenate([first, other.advance(stage(task), 35).rows]), rows
    )


@pytest.mark.parametrize("levels", [even, ladder])
@pytest.mark.parametrize("value", [False, True])
def test_it_takes_up_what_a_dense_engine_left(task, levels, value):
    dense = DenseEngine(task, ladder(task), **START, dtype=np.float64, value=value, seed=5)
    dense.advance(stage(task), 30)
    engine = CollapsedEngine(task, levels(task), **START)
    engine.adopt(dense.state(), task)
    np.testing.assert_allclose(engine.observe(), dense.observe(), rtol=1e-11)


def test_where_there_is_no_rest_it_finds_none(task):
    dense = DenseEngine(task, NoiseLevels.none(task), **START, dtype=np.float64)
    dense.advance(stage(task), 30)
    for levels in (even, ladder):
        engine = CollapsedEngine(task, levels(task), **START)
        engine.adopt(dense.state(), task)
        np.testing.assert_allclose(engine.observe(), dense.observe(), rtol=1e-13, atol=1e-14)


def test_numbers_of_columns_are_gathered_but_not_told_apart(task):
    many = CollapsedEngine(task, ladder(task), **START, seed=6)
    many.advance(stage(task), 30)
    few = CollapsedEngine(task, even(task), **START)
    few.adopt(many.state(), task)
    np.testing.assert_allclose(few.observe(), many.observe(), rtol=1e-12)
    with pytest.raises(InputError, match="two numbers"):
        many.adopt(few.state(), task)


def test_what_it_has_not(task):
    engine = CollapsedEngine(task, even(task), **START)
    with pytest.raises(InputError, match="no prox"):
        engine.advance(Stage(0, "prox", 1, 0.2, 0.15, np.ones(5), np.inf, None), 1)
    with pytest.raises(InputError, match="no entries"):
        engine.normalize(0.5)
    row, count = CollapsedEngine(task, even(task), **START, draws=False).normalized(0.5)
    assert np.isnan(row).all()
    assert count == 0


def test_a_matrix_V_under_sgd_is_for_the_dense_engine(task):
    """A collapsed run steps no matrix: one that is asked for would be that of the start."""
    given = {
        "task": {"N": 5, "T": 200, "Q": 2, "P_concentration": 0.05},
        "dynamics": {"rule": "sgd", "batch_size": 1e4},
        "stage": [{"steps": 5}],
    }
    assert plan_of(RunSpec.from_dict(given), task).choice.name == "collapsed"
    asked = plan_of(RunSpec.from_dict(given, overrides=["dynamics.value=matrix"]), task).choice
    assert (asked.name, asked.matrix_V) == ("dense", True)
    assert 'dynamics.value = "matrix"' in asked.why
