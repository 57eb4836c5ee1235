"""Matched noise: its levels are the gradient's, and are renewed when they are said to be."""

from __future__ import annotations

import numpy as np
import pytest
from scbsim_testing.matched import matched_variances
from scbsim_testing.needs import lacking
from scbsim_testing.reference import full_q

from scbsim import Task
from scbsim.engines.dense import DenseEngine
from scbsim.engines.noise import MatchedNoise, NoiseLevels
from scbsim.engines.population import PopulationEngine
from scbsim.engines.sparse import SparseEngine
from scbsim.engines.stages import Stage
from scbsim.errors import InputError

BATCH = 500
ENGINES = {
    "dense, float32": lambda *words, **start: DenseEngine(*words, **start),
    "dense, float64": lambda *words, **start: DenseEngine(*words, dtype=np.float64, **start),
    "sparse": lambda *words, **start: SparseEngine(*words, value=True, **start),
}


DOUBLE = pytest.param("dense, float64", marks=pytest.mark.slow)
"""In double precision a kernel of its own is compiled."""

EACH = ["dense, float32", DOUBLE, "sparse"]


@pytest.fixture(scope="module")
def task():
    return Task.random(N=5, T=5000, Q=2, mu="dirichlet", P_concentration=0.1, seed=3)


def stage(task, rule="prox", lam=0.02):
    return Stage(0, rule, 100, 0.2, 0.15, np.full(task.N, lam), np.inf, None)


def make(task, name, every=4, seed=1, **options):
    options = {"alpha_A": 0.3, "alpha_V": 0.4} | options
    return ENGINES[name](task, MatchedNoise(BATCH, every), seed=seed, **options)


def as_dense(engine):
    """All entries of a state, in float64."""
    dense = DenseEngine(
        engine.task, NoiseLevels.none(engine.task), alpha_A=0, alpha_V=0, dtype=np.float64
    )
    dense.adopt(engine.state(), engine.task)
    return dense


def variances_of(engine):
    """By full matrices, of a batch: those of A as (N, T), and that of V."""
    dense, task = as_dense(engine), engine.task
    s = dense.s().T
    a = s + (1 - s.sum(axis=0)) / task.T
    Vb = engine.V.W / np.sqrt(task.mu)
    of_A, of_V = matched_variances(task, a, full_q(task), Vb)
    return of_A.T / BATCH, of_V / BATCH, a.T


@pytest.mark.parametrize("name", EACH)
def test_levels_are_those_of_the_state(task, name):
    engine = make(task, name, every=1)
    for _ in range(3):
        engine.advance(stage(task), 5)
        engine._update_levels()
        of_A, of_V, a = variances_of(engine)
        _, base, square, cross, weight, weight_square = engine._matched.levels.of_A.T[..., None]
        q = full_q(task).T
        found = base + square * a**2 + q * (cross * a + weight + weight_square * q)
        tolerance = 1e-5 if "32" in name else 1e-10
        np.testing.assert_allclose(found, of_A, rtol=tolerance)
        zero = (as_dense(engine).A.bulk == 0) & (q == 0)
        assert zero.any(axis=1).all()
        threshold = np.broadcast_to(engine.noise.sigma_A[:, None], zero.shape)
        np.testing.assert_allclose(threshold[zero] ** 2, of_A[zero], rtol=tolerance)
        assert engine.noise.sigma_V**2 == pytest.approx(of_V, rel=tolerance)


@pytest.mark.parametrize("name", EACH)
def test_nothing_is_uncertain_of_A_at_the_uniform_start(task, name):
    engine = make(task, name, every=3, alpha_A=0.0, alpha_V=0.0)
    engine.advance(stage(task, lam=0.0), 3)
    dense = as_dense(engine)
    assert np.count_nonzero(dense.A.bulk) == 0
    assert (engine.noise.sigma_A == 0).all()
    assert engine.noise.sigma_V > 0
    assert engine.V.scalars[1] > 0
    # V has noise from the first step on, and A by it after the levels are renewed.
    engine.advance(stage(task, lam=0.0), 1)
    assert np.count_nonzero(as_dense(engine).A.bulk) == task.N * (task.T - task.Q)


@pytest.mark.parametrize("rule", ["prox", "denoise"])
@pytest.mark.parametrize("name", EACH)
def test_blocks_of_any_size_give_the_same_bits(task, name, rule):
    whole, cut = make(task, name), make(task, name)
    rows = whole.advance(stage(task, rule), 21).rows
    parts = [cut.advance(stage(task, rule), n).rows for n in (1, 2, 6, 3, 4, 5)]
    np.testing.assert_array_equal(np.concatenate(parts), rows)


@pytest.mark.parametrize("at", [8, 10])
@pytest.mark.parametrize("name", EACH)
def test_a_state_goes_on_to_the_same_bits(task, name, at):
    whole, cut, other = make(task, name), make(task, name), make(task, name)
    rows = whole.advance(stage(task), 20).rows
    cut.advance(stage(task), at)
    kept = {key: array.copy() for key, array in cut.state().items()}
    other.advance(stage(task), 3)
    other.restore(at, kept)
    np.testing.assert_array_equal(other.advance(stage(task), 20 - at).rows, rows[at:])
    for key, array in whole.state().items():
        np.testing.assert_array_equal(other.state()[key], array, err_msg=key)


@pytest.mark.parametrize("every", [1, 4, 1000])
def test_levels_hold_between_renewals(task, every):
    engine = make(task, "dense, float32", every=every)
    seen = []
    for _ in range(9):
        engine.advance(stage(task), 1)
        seen.append(engine.noise.sigma_V)
    changes = [i for i in range(1, 9) if seen[i] != seen[i - 1]]
    assert changes == [i for i in range(1, 9) if i % every == 0]


@pytest.mark.parametrize("name", EACH)
def test_levels_are_renewed_by_normalising(task, name):
    engine = make(task, name, every=1000)
    engine.advance(stage(task), 5)
    before = engine.noise.sigma_V
    engine.normalized(0.1)
    assert engine.noise.sigma_V == before
    engine.normalize(0.1)
    _, of_V, _ = variances_of(engine)
    assert engine.noise.sigma_V**2 == pytest.approx(of_V, rel=1e-5)
    assert engine.noise.sigma_V != before


@pytest.mark.parametrize("N", [5, 70])
@pytest.mark.parametrize("name", ["dense, float32", DOUBLE])
def test_threads_change_no_bits(name, N):
    import numba

    if numba.config.NUMBA_NUM_THREADS < 2:
        lacking("one thread only")
    task = Task.random(N=N, T=5000, Q=2, mu="dirichlet", P_concentration=0.1, seed=3)
    one, two = (make(task, name, threads=threads) for threads in (1, 2))
    np.testing.assert_array_equal(
        one.advance(stage(task), 9).rows, two.advance(stage(task), 9).rows
    )
    for key, array in one.state().items():
        np.testing.assert_array_equal(two.state()[key], array, err_msg=key)


def test_what_it_needs(task):
    for engine in (SparseEngine, DenseEngine):
        with pytest.raises(InputError, match="by its scalars: matched noise follows the matrix V"):
            engine(task, MatchedNoise(BATCH, 4), alpha_A=0.3, alpha_V=0.4, value=False)
    other = Task.random(N=5, T=5000, Q=2, mu="uniform", P_concentration=0.1, seed=3)
    before = make(task, "dense, float32")
    with pytest.raises(InputError, match=r"init\.from: that run's mu is another one"):
        make(other, "dense, float32").adopt(before.state(), task)


def test_the_population_process_has_none(task):
    engine = PopulationEngine(task, MatchedNoise(BATCH, 4), alpha_A=0.3, alpha_V=0.4)
    still = PopulationEngine(task, NoiseLevels.none(task), alpha_A=0.3, alpha_V=0.4)
    rows = [each.advance(stage(task), 9).rows for each in (engine, still)]
    np.testing.assert_array_equal(*rows)
    assert "noise_A" not in engine.state()
