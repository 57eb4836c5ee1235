"""SGD on a few numbers from a state with entries, which are the direction of its rest."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
from scbsim_testing import given_entries
from scbsim_testing.few_numbers import START
from scbsim_testing.given_entries import (
    DENSE,
    N,
    T,
    assert_goes_on,
    keep_directions,
    least_p,
    s_of,
)
from scbsim_testing.real_batches import a_stage, a_task

from scbsim.engines.collapsed import CollapsedEngine
from scbsim.engines.given_direction import as_list, from_list
from scbsim.engines.noise import NoiseLevels

pytestmark = pytest.mark.filterwarnings("ignore::scbsim.errors.TaskWarning")

CHANCE = 1e-6


def isotropic(task):
    return NoiseLevels(0.05 / np.sqrt(task.mu), 0.02)


def ladder(task):
    return NoiseLevels(0.03 + 0.03 * np.arange(task.N), 0.02)


NOISE = {"isotropic": isotropic, "a level for each column": ladder}


def before(task, noise, kind):
    """The state of a run of a kind that has entries."""
    return given_entries.before(task, noise, kind, value=False)


@pytest.mark.parametrize("kind", ["sparse", "dense"])
@pytest.mark.parametrize("noise", NOISE)
@pytest.mark.parametrize(("N", "T", "Q"), [(3, 40, 2), (3, 3, 3), (3, 5000, 1)])
def test_it_begins_with_the_entries_of_the_start(kind, noise, N, T, Q):
    task = a_task(N, T, Q)
    state = before(task, NOISE[noise](task), kind)
    engine = CollapsedEngine(task, NOISE[noise](task), **START)
    other = DENSE(task, NOISE[noise](task), **START, value=False)
    engine.adopt(state, task)
    other.adopt(state, task)
    np.testing.assert_allclose(s_of(engine), other.s(), rtol=1e-10, atol=1e-14)
    np.testing.assert_allclose(engine.normalized(0.2)[0], other.normalized(0.2)[0], rtol=1e-9)
    # After steps the entries have the scalars of the run.
    engine.advance(a_stage(task, rate_A=0.1, rate_V=0.1), 3)
    other.A.bulk[:] = s_of(engine)
    other.A.support[:] = np.take_along_axis(other.A.bulk, task.q_positions, axis=1)
    np.put_along_axis(other.A.bulk, task.q_positions, 0.0, axis=1)
    other.A.off_sums[:, 0] = other.A.bulk.sum(axis=1)
    other.A.off_sums[:, 1] = np.square(other.A.bulk).sum(axis=1)
    other.V.scalars[:] = engine.V.scalars
    np.testing.assert_allclose(other.observe(), engine.observe(), rtol=1e-9, atol=1e-12)


def test_a_state_goes_on_to_the_same_entries():
    task = a_task(N, T)
    made = partial(CollapsedEngine, task, isotropic(task), **START)
    assert_goes_on(made, task, before(task, isotropic(task), "sparse"))


def test_a_list_is_the_same_directions():
    task = a_task(N, T)
    engine = CollapsedEngine(task, isotropic(task), **START)
    engine.adopt(before(task, isotropic(task), "sparse"), task)
    given = engine._directions.given
    for one, other in zip(given, from_list(as_list(given, task), task), strict=True):
        np.testing.assert_array_equal(one, other)


def least(kind, noise, runs):
    task = a_task(N, T, 2, P_concentration=0.1)
    levels = NOISE[noise](task)
    truth = partial(DENSE, task, levels, **START, value=False)
    other = partial(CollapsedEngine, task, levels, **START)
    return least_p(truth, other, before(task, levels, kind), task, runs)


def test_snapshots_in_short():
    assert least("sparse", "isotropic", 150) > CHANCE


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["sparse", "dense"])
@pytest.mark.parametrize("noise", NOISE)
def test_the_joint_law_of_snapshots(kind, noise):
    assert least(kind, noise, 1500) > CHANCE


@pytest.mark.slow
def test_a_start_that_does_not_turn_is_seen(monkeypatch):
    keep_directions(monkeypatch)
    assert least("sparse", "isotropic", 1500) < 1e-6 * CHANCE
