"""One step of the whole of V, its noise given, against dense projections."""

import numba
import numpy as np
import pytest

from scbsim.kernels.gaussian.value_whole import step_whole_value


@numba.njit
def _step(V, constants, factors, noise, S):
    step_whole_value(V, constants, factors, noise, S)


def projected(G, root_mu):
    """Pi_L G Pi_R, both as they are written."""
    N = root_mu.size
    return (np.eye(N) - 1 / N) @ G @ (np.eye(N) - np.outer(root_mu, root_mu))


@pytest.mark.parametrize("N", [2, 3, 5, 31, 33, 100])
def test_step(N, state):
    s = state(N, 4, 1, "float64")
    keep, pull, amplitude = 0.93, 0.05, 0.02
    # The noise may be wider than W.
    G = np.random.default_rng(N).normal(size=(N, N + 3))
    exact = keep * s.V.W + pull * s.V.target
    exact += amplitude * projected(G[:, :N], s.V.root_mu)
    _step(s.V, s.constants, (keep, pull, amplitude), G, s.scratch)
    assert np.abs(s.V.W - exact).max() < 1e-13
    alpha = (exact * s.V.target).sum() / s.constants.K_P
    assert s.V.scalars[0] == pytest.approx(alpha, rel=1e-13, abs=1e-13)
    rest = np.square(exact - alpha * s.V.target).sum()
    assert s.V.scalars[1] == pytest.approx(rest, rel=1e-13, abs=1e-26)


@pytest.mark.parametrize("N", [2, 7, 65])
def test_a_thousand_steps_stay_projected(N, state):
    s, rng = state(N, 4, 1, "float64"), np.random.default_rng(N)
    for _ in range(1000):
        _step(s.V, s.constants, (0.999, 0.001, 0.1), rng.normal(size=(N, N)), s.scratch)
    assert np.abs(s.V.W.sum(axis=0)).max() < 1e-13
    assert np.abs(s.V.W @ s.V.root_mu).max() < 1e-13


def test_without_a_target_there_is_no_signal(state):
    s = state(6, 4, 1, "float64")
    s.V.target[:] = 0
    _step(s.V, s.constants._replace(K_P=0.0), (0.9, 0.1, 0.1), np.ones((6, 6)), s.scratch)
    assert s.V.scalars[0] == 0
    assert s.V.scalars[1] == pytest.approx((s.V.W**2).sum(), rel=1e-14)
