"""States that an engine cannot take up: it says so at the start, and only then."""

from __future__ import annotations

import numpy as np
import pytest
from scbsim_testing.few_numbers import columns, sampled
from scbsim_testing.real_batches import a_stage, a_task

from scbsim.engines.dense import DenseEngine
from scbsim.engines.noise import MatchedNoise, NoiseLevels
from scbsim.engines.population import PopulationEngine
from scbsim.engines.pretrained import solution
from scbsim.engines.staged import StagedEngine
from scbsim.errors import InputError, RunWarning
from scbsim.task import related_task

pytestmark = pytest.mark.filterwarnings("ignore::scbsim.errors.TaskWarning")

START = {"alpha_A": 0.3, "alpha_V": 0.4, "seed": 3}


def isotropic(task):
    return NoiseLevels(0.05 / np.sqrt(task.mu), 0.1)


def of_dense(task, steps, *, value):
    """The state of a run with every entry of A, and of V or only its scalars."""
    engine = DenseEngine(task, isotropic(task), **START, dtype=np.float64, value=value)
    engine.advance(a_stage(task, rate_A=0.1, rate_V=0.1), steps)
    return {name: np.array(array) for name, array in engine.state().items()}


def test_a_lost_V_is_refused_by_a_staged_run_that_needs_it():
    task = a_task(4, 30, 2)
    lost = of_dense(task, 3, value=False)
    needs = StagedEngine(task, isotropic(task), **START, value=True)
    with pytest.raises(InputError, match=r'needs it as a matrix.*dynamics.value = "matrix" there'):
        needs.adopt(lost, task)
    # Without steps there is no rest, and so no direction to lose.
    for state in of_dense(task, 0, value=False), of_dense(task, 3, value=True):
        StagedEngine(task, isotropic(task), **START, value=True).adopt(state, task)
    StagedEngine(task, isotropic(task), **START, value=False).adopt(lost, task)


def test_entries_that_are_not_kept_are_refused_by_a_staged_run():
    """Those of the support of a related task stand out, and `columns` does not keep them."""
    task = a_task(6, 400, 2)
    old = related_task(task, 0.3, seed=1, P_concentration=1.0)
    noise = MatchedNoise(40, 2, covariances=True)
    with (
        pytest.warns(RunWarning, match="entries of the start stand out"),
        pytest.raises(InputError, match=r'entries of its own.*dynamics.engine = "dense"'),
    ):
        StagedEngine(task, noise, **START).adopt(solution(old), old)
    StagedEngine(task, noise, **START).adopt(of_dense(task, 3, value=True), task)


@pytest.mark.parametrize("made", [columns, sampled])
def test_two_numbers_a_column_say_nothing_of_another_target(made):
    task, other = (a_task(4, 30, 2, seed=seed, mu="uniform") for seed in (1, 9))
    engine = made(task)
    engine.advance(a_stage(task), 3)
    state = {name: np.array(array) for name, array in engine.state().items()}
    with pytest.raises(InputError, match=r"two numbers a column.*of another target"):
        made(other).adopt(state, task)
    made(task).adopt(state, task)
    # Once its entries are drawn the other target has them; those of the old support stand out.
    engine.entries()
    with pytest.warns(RunWarning, match="entries of the start stand out"):
        made(other).adopt(engine.state(), task)


def test_the_population_process_starts_from_signals():
    task = a_task(4, 30, 2)
    engine = PopulationEngine(task, NoiseLevels.none(task), alpha_A=0.3, alpha_V=0.4)
    before = engine.observe()
    with pytest.raises(InputError, match=r'starts from signals; take dynamics.engine = "dense"'):
        engine.adopt(of_dense(task, 3, value=False), task)
    np.testing.assert_array_equal(engine.observe(), before)
