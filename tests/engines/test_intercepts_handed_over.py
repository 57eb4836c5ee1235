"""A start from another run's last state keeps the sums of columns of s, and so what stands out."""

from __future__ import annotations

import numpy as np
import pytest
from scbsim_testing.few_numbers import collapsed, columns, drawn, ladder, sampled
from scbsim_testing.real_batches import a_stage, a_task

from scbsim.engines.collapsed import CollapsedEngine
from scbsim.engines.dense import DenseEngine
from scbsim.engines.noise import NoiseLevels

pytestmark = pytest.mark.filterwarnings("ignore::scbsim.errors.TaskWarning")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (collapsed, collapsed),
        (ladder, ladder),
        (columns, columns),
        (columns, sampled),
        (sampled, columns),
        (sampled, sampled),
    ],
)
def test_the_same_entries(before, after):
    task = a_task(5, 60, 2)
    engine = before(task)
    engine.advance(a_stage(task), 30)
    s, entries = drawn(engine), engine.entries()
    other = after(task)
    other.adopt({name: np.array(array) for name, array in engine.state().items()}, task)
    there = other.entries()
    np.testing.assert_allclose(there.intercept, entries.intercept, rtol=1e-9)
    assert np.abs(entries.intercept * task.T - 1.0).min() > 1e-3, "the sums have moved"
    np.testing.assert_allclose(drawn(other), s, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(other.observe(), engine.observe(), rtol=1e-9)


def test_as_many_columns_in_which_nothing_stands_out():
    """As in the dense engine, whose state has all entries."""
    task = a_task(6, 9, 1)
    noise = NoiseLevels(0.02 * np.arange(task.N), 0.01)
    engine = CollapsedEngine(task, noise, alpha_A=0.0, alpha_V=0.4, seed=3)
    engine.advance(a_stage(task), 40)
    engine.entries()
    state = {name: np.array(array) for name, array in engine.state().items()}
    counts = []
    for build, options in (
        (type(engine), {}),
        (DenseEngine, {"dtype": np.float64, "value": False}),
    ):
        other = build(task, noise, alpha_A=0.0, alpha_V=0.0, seed=8, **options)
        other.adopt(state, task)
        counts.append([other.normalized(level)[1] for level in (0.1, 0.2, 0.3, 0.4, 0.6)])
    assert counts[0] == counts[1]
    assert len({*counts[0]}) > 1
