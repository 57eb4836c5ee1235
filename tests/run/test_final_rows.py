"""Where replicas end is where the single runs do."""

import numpy as np
import pytest

from scbsim import RunSpec, Task, simulate
from scbsim.observables import NAMES
from scbsim.run.final_rows import final_rows

TASK = {"N": 6, "T": 80, "Q": 2, "P_concentration": 0.05}
PROX = {"steps": 40, "threshold_sigmas": 2.0}


def of(rule="prox", engine="auto", stages=({"steps": 40, "threshold_sigmas": 2.0},), **tables):
    dynamics = {"rule": rule, "engine": engine, "batch_size": 1e5, "replica": 3}
    return RunSpec.from_dict({"task": TASK, "dynamics": dynamics, "stage": list(stages), **tables})


CASES = {
    "collapsed": of("sgd"),
    "collapsed, uneven tokens": of(
        "sgd", task={**TASK, "mu": "dirichlet", "mu_concentration": 20.0, "seed": 2}
    ),
    "sparse": of(engine="sparse"),
    "sparse, uneven tokens": of(
        engine="sparse", task={**TASK, "mu": "dirichlet", "mu_concentration": 20.0, "seed": 2}
    ),
    "sparse, denoise": of("denoise", "sparse"),
    "sparse, stages": of(
        engine="sparse", stages=[{**PROX, "normalize_level": 0.1}, PROX | {"rate_A": 0.05}]
    ),
    "sparse, until a signal": of(
        engine="sparse",
        stages=[{"steps": 400, "threshold_sigmas": 2.0, "until_signal": 0.2}, PROX],
    ),
    "dense": of("sgd", "dense"),
    "dense, stages": of(engine="dense", stages=[{"steps": 30, "rule": "sgd"}, PROX]),
    "V as a matrix": of(engine="sparse", dynamics={"value": "matrix", "engine": "sparse"}),
    "population": of("sgd", noise={"model": "none"}, stages=[{"steps": 40}]),
}


@pytest.mark.parametrize("name", CASES)
def test_every_replica_is_the_run_of_that_replica(name):
    spec = CASES[name]
    task = Task.from_spec(spec.task)
    rows, statuses, _ = final_rows(spec.replace(**{"dynamics.replicas": 4}), task)
    assert statuses == ("complete",) * 4
    for r, row in enumerate(rows):
        alone = simulate(spec.replace(**{"dynamics.replica": spec.dynamics.replica + r}))
        np.testing.assert_array_equal(row, [alone[o].values[-1] for o in NAMES])
    if name != "population":
        assert len(np.unique(rows[:, 0])) == 4


def test_runs_that_diverge_say_so():
    spec = of("sgd", stages=[{"steps": 300, "rate_A": 30.0, "rate_V": 30.0}])
    task = Task.from_spec(spec.task)
    rows, statuses, _ = final_rows(spec.replace(**{"dynamics.replicas": 3}), task)
    assert statuses == ("diverged",) * 3
    assert np.isfinite(rows).all()
    assert simulate(spec).attrs["status"] == "diverged"


def test_it_stops_when_told_to():
    spec = CASES["collapsed"].replace(**{"dynamics.replicas": 9})
    rows, statuses, _ = final_rows(spec, Task.from_spec(spec.task), stop=lambda: True)
    assert rows.shape == (9, 9)
    assert statuses == ("running",) * 9


@pytest.mark.parametrize("name", ["sparse", "collapsed"])
def test_since_is_the_step_from_which_on_the_goal_holds(name):
    spec = CASES[name].replace(**{"dynamics.replicas": 3})
    task = Task.from_spec(spec.task)

    def goal(rows):
        # It holds and fails many times.
        return np.floor(2000 * rows[:, NAMES.index("alpha_A")]) % 8 < 6

    since = final_rows(spec, task, goal=goal).since
    for r, step in enumerate(since):
        alone = simulate(CASES[name].replace(**{"dynamics.replica": spec.dynamics.replica + r}))
        holds = goal(np.column_stack([alone[o].values for o in NAMES]))
        assert 0.1 < holds.mean() < 0.95
        assert step == (np.flatnonzero(~holds)[-1] + 1 if holds[-1] else -1)
    assert len({*since.tolist()}) > 1
    assert (final_rows(spec, task, goal=lambda rows: rows[:, 0] > 0).since == 0).all()
