"""What the replicas of an ensemble have in common is in memory once."""

import numpy as np
import pytest
from scbsim_testing.small_runs import run_spec

from scbsim.engines.select import plan_of
from scbsim.run.ensemble import built_ensemble
from scbsim.task import Task


@pytest.mark.parametrize("engine", ["dense", "batch"])
def test_what_no_step_changes_is_there_once(engine):
    spec = run_spec("dynamics.replicas=3", f"dynamics.engine={engine}", "dynamics.rule=sgd")
    task = Task.from_spec(spec.task)
    with built_ensemble(plan_of(spec, task), None, 1) as ensemble:
        first, *others = (replica.engine for replica in ensemble.replicas)
        ensemble.advance(3)
    for other in others:
        assert other.V.target is first.V.target
        assert other.A.positions is first.A.positions
        assert other.constants.mu is first.constants.mu
        assert not np.shares_memory(other.V.W, first.V.W)
        assert not np.shares_memory(other.A.bulk, first.A.bulk)
    np.testing.assert_array_equal(first.V.target, task.P_tilde)
    np.testing.assert_array_equal(first.A.positions, task.q_positions)
    np.testing.assert_array_equal(first.constants.mu, task.mu)
