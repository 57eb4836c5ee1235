"""The sparse engine: what is exact in it; tests/studies/verify holds its law."""

import numpy as np
import pytest

from scbsim import Task
from scbsim.engines import sparse
from scbsim.engines.activation_groups import ascend
from scbsim.engines.dense import DenseEngine
from scbsim.engines.noise import NoiseLevels
from scbsim.engines.population import PopulationEngine
from scbsim.engines.sparse import SparseEngine
from scbsim.engines.stages import Stage
from scbsim.errors import InputError, MemoryNeeded

START = {"alpha_A": 0.3, "alpha_V": 0.4}
RULES = ["prox", "denoise"]


@pytest.fixture(scope="module")
def task():
    return Task.random(N=6, T=300, Q=2, mu="dirichlet", P_concentration=0.05, seed=1)


def levels(task):
    return NoiseLevels(0.05 / np.sqrt(task.mu), 0.02)


def stage(task, rule, sigmas=1.5, one_lam=False):
    sigma = levels(task).sigma_A
    threshold = np.full(task.N, sigmas * np.median(sigma)) if one_lam else sigmas * sigma
    return Stage(0, rule, 100, 0.2, 0.15, threshold, np.inf, None)


def make(task, **options):
    return SparseEngine(task, levels(task), **START, **options)


def as_dense(engine):
    """A dense engine in the same state."""
    dense = DenseEngine(
        engine.task, engine.noise, **START, dtype=np.float64, value=bool(engine.V.W.size)
    )
    dense.adopt(engine.state(), engine.task)
    return dense


@pytest.mark.parametrize("rule", RULES)
def test_without_noise_it_is_the_population_process(task, rule):
    rows = []
    for engine_type in (SparseEngine, PopulationEngine):
        engine = engine_type(task, NoiseLevels.none(task), **START)
        still = Stage(0, rule, 300, 0.2, 0.15, np.full(6, 0.004), np.inf, None)
        rows.append(engine.advance(still, 300).rows)
    np.testing.assert_array_equal(rows[0], rows[1])


@pytest.mark.parametrize("value", [False, True])
@pytest.mark.parametrize("rule", RULES)
def test_observables_are_those_of_all_entries(task, rule, value):
    engine = make(task, value=value, seed=3)
    for _ in range(20):
        row = engine.advance(stage(task, rule, one_lam=True), 1).rows[0]
        assert engine.state()["data"].size > 20
        np.testing.assert_allclose(as_dense(engine).observe(), row, rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize("one_lam", [False, True])
@pytest.mark.parametrize("rule", RULES)
def test_a_state_goes_on_to_the_same_bits(task, rule, one_lam):
    whole, cut = (make(task, seed=4) for _ in range(2))
    under = stage(task, rule, one_lam=one_lam)
    rows = whole.advance(under, 60).rows
    first = cut.advance(under, 25).rows
    kept = {name: array.copy() for name, array in cut.state().items()}
    other = make(task, seed=4)
    other.advance(stage(task, rule, 0.5), 3)
    other.restore(25, kept)
    np.testing.assert_array_equal(np.concatenate([first, other.advance(under, 35).rows]), rows)
    for name, array in whole.state().items():
        np.testing.assert_array_equal(other.state()[name], array, err_msg=name)


@pytest.mark.parametrize("one_lam", [False, True])
@pytest.mark.parametrize("rule", RULES)
def test_room_that_grows_on_the_way_changes_nothing(task, rule, one_lam, monkeypatch):
    under = stage(task, rule, one_lam=one_lam)
    wide = make(task, seed=5)
    rows = wide.advance(under, 60).rows
    grown = []
    require_room = sparse.require_room
    monkeypatch.setattr(sparse, "_LEAST_ROOM", 1)
    monkeypatch.setattr(sparse, "mean_of", lambda *_: 0.0)
    monkeypatch.setattr(
        sparse, "require_room", lambda *room: (grown.append(room), require_room(*room))
    )
    tiny = make(task, seed=5)
    assert tiny._active.s.shape[1] <= 4
    np.testing.assert_array_equal(tiny.advance(under, 60).rows, rows)
    assert len(grown) > 5
    assert tiny.step == 60
    for name, array in wide.state().items():
        np.testing.assert_array_equal(tiny.state()[name], array, err_msg=name)


def test_activations_that_are_drawn_in_order_after_some_that_are_not(task):
    engine, other = make(task, seed=8), make(task, seed=8)
    falling = levels(task).sigma_A * np.linspace(3.0, 0.5, task.N)
    engine.advance(Stage(0, "denoise", 5, 0.2, 0.15, falling, np.inf, None), 5)
    assert not ascend(engine.entries.rates)
    other.restore(5, engine.state())
    rows = [each.advance(stage(task, "denoise"), 5).rows for each in (engine, other)]
    assert ascend(engine.entries.rates)
    np.testing.assert_array_equal(*rows)


@pytest.mark.parametrize("value", [False, True])
@pytest.mark.parametrize("threshold", [0.05, 0.3, 0.9])
def test_normalised_as_the_dense_engine_does_it(task, threshold, value):
    engine = make(task, value=value, seed=6)
    engine.advance(stage(task, "denoise"), 15)
    dense = as_dense(engine)
    row, count = engine.normalized(threshold)
    of_dense, count_of_dense = dense.normalized(threshold)
    np.testing.assert_allclose(row, of_dense, rtol=1e-11, atol=1e-13)
    assert count == count_of_dense
    before = engine.observe()
    np.testing.assert_array_equal(before, engine.observe())
    for each in (engine, dense):
        each.normalize(threshold)
    np.testing.assert_allclose(engine.observe(), dense.observe(), rtol=1e-11, atol=1e-13)
    np.testing.assert_allclose(as_dense(engine).A.bulk, dense.A.bulk, rtol=1e-11, atol=1e-13)
    assert (engine.state()["data"] != 0).all()
    # And on from there: what is gone may be activated again.
    engine.advance(stage(task, "denoise"), 5)
    np.testing.assert_allclose(as_dense(engine).observe(), engine.observe(), rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize("rule", RULES)
def test_more_entries_than_memory_holds(task, rule, monkeypatch):
    """Room is asked for before a step: the state is that of the last step taken."""
    monkeypatch.setattr(sparse, "_LEAST_ROOM", 1)
    monkeypatch.setattr(sparse, "mean_of", lambda *_: 0.0)
    engine = make(task, seed=7)
    monkeypatch.setattr("scbsim.util.memory._ALWAYS_FITS", 0)
    monkeypatch.setattr("scbsim.util.memory.available", lambda: 20_000)
    with pytest.raises(MemoryNeeded, match=r"entries of A off zero.*dynamics\.engine"):
        engine.advance(stage(task, rule, 0.3), 50)
    monkeypatch.undo()
    whole = make(task, seed=7)
    under = stage(task, rule, 0.3)
    whole.advance(under, engine.step + 2)
    engine.advance(under, 2)
    np.testing.assert_array_equal(engine.observe(), whole.observe())


def test_a_signal_ends_it(task):
    engine = make(task, seed=8)
    until = Stage(0, "prox", 500, 0.2, 0.15, np.zeros(6), 0.6, None)
    block = engine.advance(until, 500)
    assert block.end == "signal"
    assert block.rows[:-1, :2].max() < 0.6 <= block.rows[-1, :2].max()
    np.testing.assert_array_equal(engine.observe(), block.rows[-1])


def test_what_it_has_not(task):
    engine = make(task)
    with pytest.raises(InputError, match="no sgd"):
        engine.advance(stage(task, "sgd"), 1)
    long = Task.random(N=600, T=2**53 - 1, Q=1, P_concentration=0.05)
    with pytest.raises(InputError, match=r"2\*\*62"):
        SparseEngine(long, levels(long), **START)
