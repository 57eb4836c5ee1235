"""Many steps at once against docs/model.md, section 4, written out in NumPy."""

import numpy as np
import pytest

from scbsim.kernels.gaussian.dense import DIVERGED, SIGNAL_REACHED, STEPS_DONE, advance
from scbsim.kernels.gaussian.observe import observe
from scbsim.kernels.gaussian.state import Model as Matrices

RULES = ("sgd", "prox", "denoise")

FROM = 2**32 - 2
STEPS = 5


def run(s, params, steps=STEPS, *, start=FROM):
    rows = np.full((steps, 9), np.nan)
    # The last argument is given, as engines do: numba would compile another kernel without it.
    taken, reason = advance(Matrices(s.A, s.V, s.constants), params, start, rows, s.scratch, None)
    return taken, reason, rows


def ready(s):
    """Give a drawn state the sums and scalars that belong to it."""
    bulk, target = s.A.bulk.astype(np.float64), s.V.target
    s.A.off_sums[:, 0], s.A.off_sums[:, 1] = bulk.sum(axis=1), (bulk**2).sum(axis=1)
    alpha = (s.V.W * target).sum() / s.constants.K_P
    s.V.scalars[:] = alpha, ((s.V.W - alpha * target) ** 2).sum()
    return s


def soft(x, threshold):
    return np.sign(x) * np.maximum(np.abs(x) - threshold, 0)


class Model:
    """The whole state and its step, every position and row alike."""

    def __init__(self, s, rule, params, normals, dtype):
        self.constants, self.rule, self.params = s.constants, rule, params
        self.normals, self.dtype = normals, dtype
        self.s = s.A.bulk.astype(np.float64)
        np.put_along_axis(self.s, s.A.positions, s.A.support, axis=1)
        self.q = np.zeros_like(self.s)
        np.put_along_axis(self.q, s.A.positions, s.A.weights, axis=1)
        self.W, self.target, self.root_mu = s.V.W.copy(), s.V.target, s.V.root_mu

    def noise(self, dtype, shape, purpose, step):
        address = {"purpose": purpose, "step": step, "replica": 5}
        z = [self.normals(dtype, shape[1], column=k, **address) for k in range(shape[0])]
        return np.array(z, np.float64)

    def step(self, step):
        N, T = self.s.shape
        mu, rate, rate_V = self.constants.mu, self.params.rate_A, self.params.rate_V
        a = self.s + (1 - self.s.sum(axis=1, keepdims=True)) / T
        nA, qA = mu @ (a * a).sum(axis=1), mu @ (a * self.q).sum(axis=1)
        kappa, kappa_prime = (self.W**2).sum(), (self.W * self.target).sum()
        z = self.noise(self.dtype, (N, T), 1, step)
        h = kappa * self.s - kappa_prime * self.q + self.params.sigma_A[:, None] * z
        threshold = self.params.threshold[:, None]
        if self.rule == "sgd":
            self.s = self.s - rate * h
        elif self.rule == "prox":
            self.s = soft(self.s - rate * h, rate * threshold)
        else:
            self.s = self.s - rate * soft(h, threshold)
        G = self.noise("float64", (N, N), 2, step)
        G -= G.mean(axis=0)
        G -= np.outer(G @ self.root_mu, self.root_mu)
        noise = rate_V * self.params.sigma_V * G
        self.W = (1 - rate_V * nA) * self.W + rate_V * qA * self.target + noise


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize(("dtype", "tolerance"), [("float32", 1e-6), ("float64", 1e-13)])
def test_steps(dtype, tolerance, rule, state, step_params, normals):
    s, how = ready(state(4, 2500, 3, dtype)), step_params(rule, 4, sigma_A=0.1)
    model = Model(s, rule, how, normals, dtype)
    taken, reason, rows = run(s, how)
    assert (taken, reason) == (STEPS, STEPS_DONE)
    for step in range(FROM, FROM + STEPS):
        model.step(step)
    found = s.A.bulk.astype(np.float64)
    np.put_along_axis(found, s.A.positions, s.A.support, axis=1)
    assert np.abs(found - model.s).max() < tolerance
    assert np.abs(s.V.W - model.W).max() < tolerance
    last = np.empty(9)
    observe(s.A, s.V, s.constants, last)
    assert np.array_equal(rows[-1], last)
    assert np.isfinite(rows).all()


def test_a_call_may_be_cut_anywhere(state, step_params):
    how = step_params("prox", 3)
    whole, parts = (ready(state(3, 3000, 2)) for _ in range(2))
    _, _, rows = run(whole, how)
    first, second = run(parts, how, 2)[2], run(parts, how, STEPS - 2, start=FROM + 2)[2]
    assert np.array_equal(np.concatenate([first, second]), rows)
    assert np.array_equal(parts.A.bulk, whole.A.bulk)


@pytest.mark.parametrize("N", [3, 80])
def test_any_number_of_shares_gives_the_same_bits(N, state, step_params):
    how = step_params("denoise", N, rate_A=0.005, rate_V=0.005)
    whole = ready(state(N, 2100, 2))
    _, reason, rows = run(whole, how)
    assert reason == STEPS_DONE
    for shares in 2, 3, 5:
        parts = ready(state(N, 2100, 2, shares=shares))
        assert np.array_equal(run(parts, how)[2], rows)
        assert np.array_equal(parts.A.bulk, whole.A.bulk)
        assert np.array_equal(parts.A.support, whole.A.support)
        assert np.array_equal(parts.V.W, whole.V.W)


@pytest.mark.parametrize("signal", [0, 1])
def test_stops_at_the_first_step_that_reaches_the_signal(signal, state, step_params):
    def start():
        s = state(4, 500, 2, spread=0.001)
        s.V.W[:] = 0.4 * s.V.target
        return ready(s)

    # The other matrix is held still, and starts below the signal.
    rates = {"rate_A": 0.2, "rate_V": 0.0} if signal == 0 else {"rate_A": 0.0, "rate_V": 0.2}
    how = step_params("sgd", 4, sigma_A=0.01, sigma_V=0.001, **rates)
    _, _, rows = run(start(), how, 40)
    until = 0.5 * (rows[:, signal].min() + rows[:, signal].max())
    first = int(np.argmax(rows[:, signal] >= until))
    assert 0 < first < 39
    assert (rows[: first + 1, 1 - signal] < until).all()
    s = start()
    taken, reason, stopped = run(s, how._replace(until_signal=until), 40)
    assert (taken, reason) == (first + 1, SIGNAL_REACHED)
    assert np.array_equal(stopped[:taken], rows[:taken])
    assert np.isnan(stopped[taken:]).all()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_step_that_overflows_is_not_counted(dtype, state, step_params):
    s = ready(state(3, 300, 2, dtype))
    taken, reason, rows = run(s, step_params("sgd", 3, rate_A=1e3, rate_V=1e3), 200)
    assert reason == DIVERGED
    assert 0 < taken < 200
    assert np.isfinite(rows[:taken]).all()
    assert np.isnan(rows[taken:]).all()


def test_no_steps(state, step_params):
    s, untouched = ready(state(3, 300, 2)), ready(state(3, 300, 2))
    taken, reason, _ = run(s, step_params("sgd", 3), 0)
    assert (taken, reason) == (0, STEPS_DONE)
    assert np.array_equal(s.A.bulk, untouched.A.bulk)
    assert np.array_equal(s.V.W, untouched.V.W)


@pytest.mark.parametrize("rule", RULES)
def test_without_noise_the_signals_are_enough(rule, state, step_params):
    """Nothing kept of A off the support, nothing of V but its signal, and the same numbers."""
    how = step_params(rule, 5, sigma_A=0.0, sigma_V=0.0)._replace(threshold=np.full(5, 0.01))
    dense = state(5, 300, 2)
    dense.A.bulk[:], dense.A.support[:] = 0, 0.1 * dense.A.weights
    dense.V.W[:] = 0.2 * dense.V.target
    ready(dense)
    bare = state(5, 300, 2)
    nothing = np.zeros((0, 0))
    bare.A = dense.A._replace(
        bulk=np.zeros((5, 0), np.float32),
        block_sums=np.zeros((5, 0, 4)),
        support=dense.A.support.copy(),
        off_sums=np.zeros((5, 2)),
    )
    bare.V = bare.V._replace(W=nothing, target=nothing, scalars=np.array([0.2, 0.0]))
    rows, bare_rows = run(dense, how)[2], run(bare, how)[2]
    assert bare_rows == pytest.approx(rows, rel=1e-12, abs=1e-14)
    assert (bare_rows[:, 3] == 0).all()
