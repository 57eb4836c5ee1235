"""Sums over V and A of which matched levels are made, against full matrices."""

import numpy as np
import pytest

from scbsim.kernels.matched.moments import moments
from scbsim.kernels.matched.power_sums import powers_of_active_set, powers_of_bulk
from scbsim.kernels.matched.traces import make_traces


@pytest.mark.parametrize("N", [2, 3, 4, 5, 63, 64, 65, 130])
def test_moments(N, state):
    s = state(N, 10, 2)
    mu, W, target = s.constants.mu, s.V.W, s.V.target
    found = moments(s.V, mu, make_traces(1, N))
    V, P_bar = W / s.V.root_mu, target / s.V.root_mu
    P = P_bar + mu[:, None]
    M, K, C = W @ W.T, target @ W.T, np.diag(mu) - np.outer(mu, mu)
    squares, products = (V**2).sum(axis=0), (V * P_bar).sum(axis=0)
    wanted = {
        "kappa": (W**2).sum(),
        "kappa_prime": (W * target).sum(),
        "M2": np.trace(M @ M),
        "KM": np.trace(K @ M),
        "CM": np.trace(C @ M),
        "F4": mu @ squares**2,
        "F3": mu @ (squares * products),
        "FZ": mu @ (P * (V - mu @ V) ** 2).sum(axis=0),
        "square": (V**2).sum(),
        "product": (V * P_bar).sum(),
        "outputs": mu @ P.sum(axis=1),
    }
    for name, value in wanted.items():
        assert getattr(found, name) == pytest.approx(value, rel=1e-11), name


@pytest.mark.parametrize("N", [3, 70, 200])
def test_any_number_of_shares_gives_the_same_bits(N, state):
    s = state(N, 10, 2)
    one = moments(s.V, s.constants.mu, make_traces(1, N))
    for shares in 2, 3, 7, 1000:
        scratch = make_traces(shares, N)
        # What an earlier call left behind does not matter.
        for array in scratch:
            array[...] = np.nan
        assert moments(s.V, s.constants.mu, scratch) == one


@pytest.mark.parametrize("shares", [1, 3])
@pytest.mark.parametrize("T", [1, 3, 511, 513, 2048, 5000])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_powers(dtype, T, shares, state):
    s = state(3, T, 1, dtype, shares=shares)
    for array in s.scratch.tail, s.scratch.sums:
        array[:] = 1e6
    powers = np.empty((3, 2))
    powers_of_bulk(s.A, s.scratch, False, powers)
    bulk = s.A.bulk.astype(np.float64)
    eps = 16 * np.finfo(dtype).eps
    for i, power in enumerate((3, 4)):
        error = np.abs(powers[:, i] - (bulk**power).sum(axis=1))
        assert (error <= eps * (np.abs(bulk) ** power).sum(axis=1)).all()


def test_powers_of_active_entries():
    first, s = np.array([0, 3, 3, 5]), np.array([0.5, -2.0, 1.0, 3.0, -0.25, 9.0])
    powers = np.full((3, 2), np.nan)
    powers_of_active_set(first, s, powers)
    wanted = [[-6.875, 17.0625], [0.0, 0.0], [27.0 - 0.25**3, 81.0 + 0.25**4]]
    np.testing.assert_allclose(powers, wanted, rtol=1e-15)
