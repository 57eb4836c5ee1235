"""Mean moments of V over the direction of its rest, against averages over directions."""

from __future__ import annotations

from itertools import product

import numba
import numpy as np
import pytest
from scbsim_testing.real_batches import a_task

from scbsim.engines.approximate import target_sums
from scbsim.engines.columns import ColumnsEngine
from scbsim.engines.noise import MatchedNoise
from scbsim.kernels.matched.mean_moments import mean_moments
from scbsim.kernels.matched.mean_shape import effective_dimensions
from scbsim.kernels.matched.moments import all_moments
from scbsim.kernels.matched.products import set_products_alone

pytestmark = pytest.mark.filterwarnings("ignore::scbsim.errors.TaskWarning")

GOLDEN = (1.0 + np.sqrt(5.0)) / 2.0
# The mean over these of any form of degree five or less is that over the sphere.
ICOSAHEDRON = np.array(
    [
        np.roll((0.0, s, t * GOLDEN), shift)
        for shift in range(3)
        for s, t in product((-1, 1), (-1, 1))
    ]
) / np.hypot(1.0, GOLDEN)


def directions(task):
    """An orthonormal basis of the projected space without the target, (n, N, N)."""
    N, root, target = task.N, np.sqrt(task.mu), task.P_tilde
    left, right = np.eye(N) - 1.0 / N, np.eye(N) - np.outer(root, root)
    projection = np.kron(left, right)
    if (square := np.square(target).sum()) > 1e-20:
        projection -= np.outer(target, target) / square
    values, vectors = np.linalg.eigh(projection)
    return vectors[:, values > 0.5].T.reshape(-1, N, N)


@numba.njit
def moments_of(V, mu, products):
    set_products_alone(V, products)
    return all_moments(V, mu, products)


class Exact:
    """The moments of given matrices."""

    def __init__(self, task):
        self.engine = ColumnsEngine(
            task, MatchedNoise(9, 1, covariances=True), alpha_A=0.3, alpha_V=0.4
        )
        self.renewal = self.engine._normals.renewal

    def __call__(self, W):
        V, mu = self.engine.V, self.engine.constants.mu
        V.W[:] = W
        both = moments_of(V, mu, self.renewal.products)
        return np.concatenate([np.array(each) for each in both])


def mean(task, alpha, rest):
    found = mean_moments.py_func(target_sums(task, covariances=False), alpha, rest)
    return np.concatenate([np.array(each) for each in found])


@pytest.fixture(autouse=True)
def in_python(monkeypatch):
    """Inner functions are compiled within kernels only."""
    from scbsim.kernels.matched import mean_moments as module

    for name in "_along_target", "_quadratic", "_cubic", "_quartic":
        monkeypatch.setattr(module, name, getattr(module, name).py_func)


@pytest.mark.parametrize("seed", [1, 2])
def test_every_moment_at_three_dimensions(seed):
    task = a_task(3, 9, 2, seed=seed)
    assert np.ptp(task.mu) > 0.05
    basis, exact = directions(task), Exact(task)
    assert len(basis) == 3
    for alpha, rest in (0.7, 0.5), (0.0, 1.3), (-0.4, 0.02):
        W = [alpha * task.P_tilde + np.sqrt(rest) * np.tensordot(u, basis, 1) for u in ICOSAHEDRON]
        right = np.mean([exact(each) for each in W], axis=0)
        np.testing.assert_allclose(mean(task, alpha, rest), right, rtol=1e-11, atol=1e-13)


def test_every_moment_by_drawing_directions():
    task = a_task(6, 20, 2)
    basis, exact, rng = directions(task), Exact(task), np.random.default_rng(3)
    alpha, rest = 0.5, 0.4 * task.K_P
    u = rng.normal(size=(4000, len(basis)))
    u *= np.sqrt(rest) / np.linalg.norm(u, axis=1, keepdims=True)
    drawn = np.array([exact(alpha * task.P_tilde + np.tensordot(x, basis, 1)) for x in u])
    error = drawn.std(axis=0, ddof=1) / np.sqrt(len(drawn))
    found = mean(task, alpha, rest)
    assert (np.abs(drawn.mean(axis=0) - found) < 5.0 * error + 1e-12 * np.abs(found)).all()
    # And five standard errors are far less than what the rest adds.
    fourth_order = (2, 3, 5, 6)  # M2, KM, F4, F3
    assert (error < 0.01 * np.abs(found - mean(task, alpha, 0.0)))[list(fourth_order)].all()


@pytest.mark.parametrize(("N", "draws", "within"), [(8, 4000, 0.04), (16, 1500, 0.02)])
def test_moments_of_a_rest_whose_rows_have_the_covariance_of_outputs(N, draws, within):
    task = a_task(N, 20, 2, mu_concentration=3.0)
    mu, root = task.mu, np.sqrt(task.mu)
    assert mu.max() > 3.0 * mu.min()
    C, target, rng = np.diag(mu) - np.outer(mu, mu), task.P_tilde, np.random.default_rng(3)
    values, vectors = np.linalg.eigh(C)
    G = vectors * np.sqrt(np.maximum(values, 0.0)) @ rng.normal(size=(draws, N, N))
    G = G @ (np.eye(N) - np.outer(root, root))
    G -= np.einsum("rnm,nm->r", G, target)[:, None, None] * target / task.K_P
    alpha, rest, exact = 0.5, 0.4 * task.K_P, Exact(task)
    G *= np.sqrt(rest / np.square(G).sum(axis=(1, 2)))[:, None, None]
    right = np.mean([exact(alpha * target + each) for each in G], axis=0)
    found, even = (
        np.concatenate([*mean_moments.py_func(target_sums(task, covariances=of), alpha, rest)])
        for of in (True, False)
    )
    # The part along the target is taken away on average only, at a price that falls with N.
    assert np.abs(found / right - 1.0).max() < within
    assert np.abs(even / right - 1.0).max() > 0.1


def test_without_a_rest_moments_are_those_of_the_target():
    task = a_task(5, 20, 2)
    right = Exact(task)(0.3 * task.P_tilde)
    np.testing.assert_allclose(mean(task, 0.3, 0.0), right, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("rest", [0.0, 0.3])
def test_dimensions_of_the_noise(rest):
    """Against the covariances of all columns, written out; for even mu they count alike."""
    task = a_task(7, 20, 2, mu="uniform")
    N, mu, target, P = task.N, task.mu, task.P_tilde, task.P
    W = 0.5 * target + np.sqrt(rest) * directions(task)[4]
    sums = 0.11, 0.05, 0.31, 0.07, 0.02, 0.13
    c_1, c_2, c_3, s_4, s_3, s_2 = sums
    K, C = target @ W.T, np.diag(mu) - np.outer(mu, mu)
    common = c_1 * W @ W.T - c_2 * (K + K.T) + c_3 * C
    trace = square = 0.0
    for m in range(N):
        b, p = W[:, m] / np.sqrt(mu[m]), target[:, m] / np.sqrt(mu[m])
        D = np.eye(N) - mu
        outputs = np.einsum("o,oi,oj->ij", P[:, m], D, D)
        S = common + s_4 * np.outer(b, b) + s_2 * outputs
        S = S - s_3 * (np.outer(b, p) + np.outer(p, b))
        trace += np.trace(S)
        square += np.square(S).sum()
    engine = Exact(task)
    engine(W)
    V, renewal = engine.engine.V, engine.renewal
    of_V = moments_of(V, mu, renewal.products)
    found = effective_dimensions.py_func(sums, of_V, target_sums(task, covariances=False))
    assert 3 < found < (N - 1) ** 2 - 3
    assert found == round((N - 1) / N * trace**2 / square - 1.0)
