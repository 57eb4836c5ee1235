"""The observables against their definitions, docs/model.md, section 2, on dense matrices."""

import numba
import numpy as np
import pytest

from scbsim.kernels.gaussian.dense import advance
from scbsim.kernels.gaussian.observe import couple, observe
from scbsim.kernels.gaussian.state import Model
from scbsim.observables import NAMES

WIDE = np.longdouble
SIZES = [(2, 2, 1), (5, 60, 2), (12, 5000, 3), (4, 100_000, 2)]
TOLERANCE = {"float32": 1e-6, "float64": 1e-12}


@numba.njit
def _couple(A, V, constants, row):
    return couple(A, V, constants, row)


@pytest.fixture(scope="module")
def renew_sums(step_params):
    """Give a state the sums that belong to its entries, by a step that changes none."""

    def renew(s):
        N, row = s.constants.mu.size, np.empty((1, len(NAMES)))
        still = step_params("sgd", N, sigma_A=0.0, sigma_V=0.0, rate_A=0.0, rate_V=0.0)
        advance(Model(s.A, s.V, s.constants), still, 0, row, s.scratch, None)
        return s

    return renew


def observed(s):
    row = np.full(len(NAMES), np.nan)
    observe(s.A, s.V, s.constants, row)
    return dict(zip(NAMES, row, strict=True))


class Dense:
    """The four matrices of a state, every entry of them, in the widest floats there are."""

    def __init__(self, s):
        self.mu = s.constants.mu.astype(WIDE)
        self.T = int(s.constants.T)
        state = s.A.bulk.astype(WIDE)
        np.put_along_axis(state, s.A.positions, s.A.support.astype(WIDE), axis=1)
        intercept = (1 - state.sum(axis=1)) / self.T
        self.A = (state + intercept[:, None]).T
        target = np.zeros_like(state)
        np.put_along_axis(target, s.A.positions, s.A.weights.astype(WIDE), axis=1)
        self.Q = target.T
        root, even = np.sqrt(self.mu), self.mu[:, None]
        self.V = s.V.W.astype(WIDE) / root + even
        self.P = s.V.target.astype(WIDE) / root + even

    def inner(self, X, Y):
        return ((X * Y).sum(axis=0) * self.mu).sum()

    def norm(self, X):
        return np.sqrt(self.inner(X, X))

    def loss(self):
        """The mean of |e_o - V X a_k|^2 / 2, by the second moments of what it is made of."""
        mu, total = self.mu, WIDE(0)
        even = np.outer(mu, mu)
        spread = np.diag(mu) - even
        for k in range(mu.size):
            a, q = self.A[:, k], self.Q[:, k]
            uu = (a @ a) * spread + even
            ou = (q @ a) * (self.P @ np.diag(mu)) + (1 - q @ a) * even
            loss = 1 - 2 * (self.V * ou).sum() + (self.V @ uu * self.V).sum()
            total += mu[k] * loss / 2
        return total

    def observables(self):
        A, Q = self.A - WIDE(1) / self.T, self.Q - WIDE(1) / self.T
        V, P = self.V - self.mu[:, None], self.P - self.mu[:, None]
        alpha_A, alpha_V = self.inner(A, Q) / self.inner(Q, Q), self.inner(V, P) / self.inner(P, P)
        return {
            "alpha_A": alpha_A,
            "alpha_V": alpha_V,
            "delta_A": self.norm(A - alpha_A * Q),
            "delta_V": self.norm(V - alpha_V * P),
            "dist_A": self.norm(self.A - self.Q),
            "dist_V": self.norm(self.V - self.P),
            "sim_A": self.inner(self.A, self.Q) / (self.norm(self.A) * self.norm(self.Q)),
            "sim_V": self.inner(self.V, self.P) / (self.norm(self.V) * self.norm(self.P)),
            "loss": self.loss(),
        }


def agree(found, exact, tolerance):
    assert set(found) == set(exact) == set(NAMES)
    for name, value in exact.items():
        # Signals are known to the rounding of numbers near 1, and so is 1 - alpha.
        assert found[name] == pytest.approx(float(value), rel=tolerance, abs=1e-15), name


def on_the_line(s, alpha_A, alpha_V):
    """Put a state where a run starts."""
    s.A.bulk[:] = 0
    s.A.off_sums[:] = 0
    s.A.support[:] = alpha_A * s.A.weights
    s.V.W[:] = alpha_V * s.V.target
    s.V.scalars[:] = alpha_V, 0.0
    return s


@pytest.mark.parametrize(("N", "T", "Q"), SIZES)
@pytest.mark.parametrize("dtype", ["float32", pytest.param("float64", marks=pytest.mark.slow)])
def test_anywhere(dtype, N, T, Q, state, renew_sums):
    s = renew_sums(state(N, T, Q, dtype, spread=0.3 / np.sqrt(T)))
    agree(observed(s), Dense(s).observables(), TOLERANCE[dtype])


@pytest.mark.parametrize("spread", [1e-3, 1e-6])
@pytest.mark.parametrize("dtype", TOLERANCE)
def test_near_the_truth(dtype, spread, state, renew_sums):
    s = state(5, 3000, 2, dtype, spread=spread / 1000)
    s.A.support[:] = s.A.weights * (1 - spread)
    s.V.W[:] = s.V.target + spread * (s.V.W - 0.4 * s.V.target)
    found, exact = observed(renew_sums(s)), Dense(s).observables()
    agree(found, exact, max(TOLERANCE[dtype], 1e-15 / spread))
    # What is small is known to its own digits, not to those of what it is part of.
    assert exact["delta_A"] < 0.1 * spread
    assert found["delta_A"] == pytest.approx(float(exact["delta_A"]), rel=TOLERANCE[dtype])


@pytest.mark.parametrize(("N", "T", "Q"), [*SIZES, (2, 3, 3)])
@pytest.mark.parametrize(("alpha_A", "alpha_V"), [(0.0, 0.0), (0.1, 0.1), (0.3, -0.7), (1, 1)])
def test_at_the_start(alpha_A, alpha_V, N, T, Q, state):
    s = on_the_line(state(N, T, Q, "float64"), alpha_A, alpha_V)
    found, exact = observed(s), Dense(s).observables()
    assert found["delta_A"] == found["delta_V"] == 0.0
    # The definitions leave the rounding of what they subtract.
    exact.update(delta_A=0.0, delta_V=0.0)
    assert found["alpha_A"] == pytest.approx(alpha_A, rel=1e-14, abs=0)
    agree(found, exact, 1e-12)


@pytest.mark.parametrize("Q", [1, 2, 8])
@pytest.mark.parametrize("uneven", [False, True])
def test_at_the_start_of_many_columns(Q, uneven, state):
    """Rounding adds up over the columns, and is no noise all the same."""
    for N in 100, 1000:
        for seed in range(5):
            s = on_the_line(state(N, 20, Q, uneven=uneven, seed=seed), 0.1, 0.1)
            assert observed(s)["delta_A"] == 0.0


def test_the_smallest_noise_is_not_taken_for_rounding(state, renew_sums):
    s = on_the_line(state(5, 2000, 2, "float64"), 0.1, 0.1)
    s.A.bulk[2, :] = np.where(s.A.bulk[2] == 0, 1e-14, 0)
    s.A.bulk[2, s.A.positions[2]] = 0
    found, exact = observed(renew_sums(s)), Dense(s).observables()
    assert found["delta_A"] == pytest.approx(float(exact["delta_A"]), rel=1e-2)
    assert found["delta_A"] > 0


def test_what_the_next_step_needs(state, renew_sums):
    s = renew_sums(state(6, 300, 2, "float64"))
    nA, qA, kappa, kappa_prime = _couple(s.A, s.V, s.constants, np.empty(len(NAMES)))
    dense = Dense(s)
    assert nA == pytest.approx(float(dense.inner(dense.A, dense.A)), rel=1e-12)
    assert qA == pytest.approx(float(dense.inner(dense.Q, dense.A)), rel=1e-12)
    assert kappa == pytest.approx((s.V.W**2).sum(), rel=1e-12)
    assert kappa_prime == pytest.approx((s.V.W * s.V.target).sum(), rel=1e-12)


def test_without_anything_to_learn(state):
    """A uniform target and P = mu 1': signals are 0 and all of a matrix is rest."""
    s = on_the_line(state(3, 4, 4, "float64"), 0.0, 0.0)
    s.A.weights[:] = 0.25
    s.A.support[:] = [[0.5, 0.2, 0.2, 0.1]] * 3
    s.V.target[:] = 0
    s.V.scalars[:] = 0.0, 0.04
    s.constants = s.constants._replace(K_Q=0.0, K_P=0.0)
    found = observed(s)
    assert np.isfinite(list(found.values())).all()
    assert found["alpha_A"] == found["alpha_V"] == 0.0
    assert found["delta_A"] == found["dist_A"] == pytest.approx(0.3)
    assert found["delta_V"] == found["dist_V"] == pytest.approx(0.2)
