"""Steps of what is known by a few numbers: docs/model.md, 6, with given variates."""

import numba
import numpy as np
import pytest

from scbsim.kernels.gaussian.collapsed import (
    advance_collapsed,
    make_collapsed,
    observe_collapsed,
)
from scbsim.kernels.gaussian.collapsed_value import make_collapsed_value
from scbsim.kernels.random.variates import chi_square, lane_at, two_normals

STEP = 2**33 + 7


@numba.njit
def _variates(freedom, counter, key):
    z, y, lane = two_normals(lane_at(0, counter, key))
    square, _ = chi_square(freedom, lane)
    return z, y, square


@pytest.fixture(scope="module")
def variates(counter, key):
    def draw(freedom, **address):
        return _variates(float(freedom), counter(step=STEP, replica=5, **address), key())

    return draw


def attention(N, T, groups, seed=1):
    rng = np.random.default_rng(seed)
    return make_collapsed(
        alpha=rng.normal(size=groups),
        rest=rng.random(groups),
        K=rng.random(groups) / groups,
        D=np.full(groups, N * (T - 1.0) / groups),
        sigma=rng.random(groups),
    )


@pytest.mark.parametrize("groups", [1, 4])
def test_a_step_is_the_formula(state, step_params, variates, groups):
    N, T = 4, 30
    drawn, params = state(N, T, 2), step_params("sgd", N)
    A, scalars = attention(N, T, groups), np.array([0.4, 0.2])
    constants = drawn.constants._replace(K_Q=float(A.K.sum()))
    before = [array.copy() for array in (A.alpha, A.rest, scalars)]
    rows = np.empty((1, 9))
    advance_collapsed(A, make_collapsed_value(scalars, constants), constants, params, STEP, rows)

    alpha, rest, (alpha_V, rest_V) = before
    nA = 1 / T + (alpha**2 * A.K + rest).sum()
    qA = 1 / T + (alpha * A.K).sum()
    kappa, kappa_prime = alpha_V**2 * constants.K_P + rest_V, alpha_V * constants.K_P
    keep, pull = 1 - params.rate_A * kappa, params.rate_A * kappa_prime
    for g in range(groups):
        e = params.rate_A * A.sigma[g]
        z, y, square = variates(A.D[g] - 2, column=g, purpose=6)
        assert A.alpha[g] == pytest.approx(keep * alpha[g] + pull + e * z / A.K[g] ** 0.5)
        assert A.rest[g] == pytest.approx((keep * rest[g] ** 0.5 + e * y) ** 2 + e * e * square)
    keep, pull, e = 1 - params.rate_V * nA, params.rate_V * qA, params.rate_V * params.sigma_V
    z, y, square = variates((N - 1) ** 2 - 2, purpose=5)
    assert scalars[0] == pytest.approx(keep * alpha_V + pull + e * z / constants.K_P**0.5)
    assert scalars[1] == pytest.approx((keep * rest_V**0.5 + e * y) ** 2 + e * e * square)


@pytest.mark.parametrize("groups", [1, 4])
def test_observables_are_sums_over_groups(state, groups):
    N, T = 4, 30
    constants = state(N, T, 2).constants
    A, scalars = attention(N, T, groups), np.array([0.4, 0.2])
    constants = constants._replace(K_Q=float(A.K.sum()))
    row = np.empty(9)
    observe_collapsed(A, scalars, constants, row)
    alpha = (A.alpha * A.K).sum() / A.K.sum()
    delta = ((A.alpha - alpha) ** 2 * A.K + A.rest).sum()
    np.testing.assert_allclose(row[:4], [alpha, 0.4, delta**0.5, 0.2**0.5], rtol=1e-13)
    np.testing.assert_allclose(row[4] ** 2, (1 - alpha) ** 2 * constants.K_Q + delta, rtol=1e-13)
    qA, nA = 1 / T + alpha * constants.K_Q, 1 / T + alpha**2 * constants.K_Q + delta
    np.testing.assert_allclose(row[6], qA / np.sqrt(nA * (constants.K_Q + 1 / T)), rtol=1e-13)


def test_it_stops_at_a_signal_and_where_it_diverges(state, step_params):
    drawn, params = state(4, 30, 2), step_params("sgd", 4)
    for change, reason in (({"until_signal": -np.inf}, 1), ({"rate_A": 1e200}, 2)):
        A, rows = attention(4, 30, 1), np.empty((50, 9))
        constants = drawn.constants._replace(K_Q=float(A.K.sum()))
        V = make_collapsed_value(np.array([0.4, 0.2]), constants)
        taken, why = advance_collapsed(A, V, constants, params._replace(**change), 0, rows)
        assert why == reason
        assert taken < 50
