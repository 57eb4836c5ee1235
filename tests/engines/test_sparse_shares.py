"""Large steps of the sparse engine on threads: the bits of one thread."""

import numpy as np
import pytest

from scbsim.engines import sparse_shares
from scbsim.engines.select import build, plan_of
from scbsim.spec import RunSpec
from scbsim.task import Task

SIZE = {"N": 5000, "T": 100_000, "Q": 2, "K_P": 0.25}


def built(threads, size=SIZE, sigmas=3.5, stages=(), **dynamics):
    spec = RunSpec.from_dict(
        {
            "task": size,
            "dynamics": {"engine": "sparse", "batch_size": 1e9, **dynamics},
            "stage": [{"steps": 50, "threshold_sigmas": sigmas}, *stages],
        }
    )
    plan = plan_of(spec, Task.from_spec(spec.task))
    engine = build(plan, 1)
    engine.use_threads(threads)
    return engine, plan.stages


def same(one, other):
    for name, array in one.state().items():
        np.testing.assert_array_equal(array, other.state()[name], err_msg=name)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("size", "how"),
    [
        (SIZE, {}),
        (SIZE, {"rule": "denoise"}),
        ({**SIZE, "Q": 3, "N": 4097}, {"sigmas": "3.4 + 0.02 * t"}),
        ({**SIZE, "mu": "dirichlet"}, {}),
    ],
    ids=["prox", "denoise", "schedule", "uneven"],
)
def test_threads_do_not_matter(size, how):
    one, stages = built(1, size, **how)
    many = [built(count, size, **how)[0] for count in (2, 3)]
    rows = one.advance(stages[0], 6).rows
    for other in many:
        # In calls of one step, and of several.
        found = [other.advance(stages[0], 1).rows, other.advance(stages[0], 5, 1).rows]
        np.testing.assert_array_equal(np.concatenate(found), rows)
        assert other._shares._ordered
        same(other, one)


@pytest.mark.slow
def test_a_group_that_does_not_fit_is_drawn_again(monkeypatch):
    one, stages = built(1)
    monkeypatch.setattr(sparse_shares, "_SPREAD", -30.0)
    other, _ = built(2)
    rows = [engine.advance(stages[0], 4).rows for engine in (one, other)]
    np.testing.assert_array_equal(*rows)
    assert other._shares._room > 1.0
    same(other, one)


@pytest.mark.slow
def test_steps_go_on_on_one_thread_where_there_is_less_work(monkeypatch):
    one, stages = built(1)
    other, _ = built(2)
    for engine in (one, other):
        engine.advance(stages[0], 3)
    monkeypatch.setattr(sparse_shares, "_LEAST_SECONDS", 1e9)
    for engine in (one, other):
        engine.advance(stages[0], 3, 3)
    assert not other._shares._ordered
    same(other, one)


def test_small_steps_start_no_threads():
    engine, stages = built(2, {**SIZE, "N": 50, "T": 1000})
    engine.advance(stages[0], 2)
    assert not engine._shares._ordered
