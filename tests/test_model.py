"""The closed forms of docs/model.md against sums over every sample of small tasks."""

import numpy as np
import pytest
from scbsim_testing.enumerated import Enumerated, every_sample

pytestmark = pytest.mark.filterwarnings("ignore::scbsim.errors.TaskWarning")

EXACT = 1e-12


def means(case):
    loss, mean_V, mean_A = 0.0, 0.0, 0.0
    for p, value, grad_V, grad_A in case.gradients():
        loss += p * value
        mean_V = mean_V + p * grad_V
        mean_A = mean_A + p * grad_A
    return loss, mean_V, mean_A


CASES = [(2, 3, 2), (3, 2, 2), (3, 3, 1), (2, 5, 3), (4, 2, 1)]


@pytest.fixture(params=CASES, ids=lambda sizes: "N{}-T{}-Q{}".format(*sizes))
def case(request):
    return Enumerated(*request.param, seed=1)


def test_probabilities_of_the_samples_sum_to_one(case):
    assert sum(p for p, *_ in every_sample(case.task, case.q)) == pytest.approx(1.0, abs=EXACT)


def test_expected_gradients_and_loss(case):
    # Sections 2 and 3.
    T, mu = case.task.T, case.mu
    loss, mean_V, mean_A = means(case)
    assert mean_V == pytest.approx(case.nA * case.Vb - case.qA * case.Pb, abs=EXACT)
    closed = case.kappa * (case.A - 1 / T) - case.kappa_prime * (case.q - 1 / T)
    assert mean_A == pytest.approx(closed, abs=EXACT)
    closed = 1 - mu @ mu - 2 * case.qA * case.kappa_prime + case.nA * case.kappa
    assert loss == pytest.approx(0.5 * closed, abs=EXACT)


def test_gradient_at_an_entry_that_the_intercept_form_drops(case):
    # Section 4: for s = q = 0 the projected gradient is (kappa' - kappa S_k) / T, and not 0.
    T, N = case.task.T, case.task.N
    s = case.q * np.linspace(0.3, 0.9, N)
    S = s.sum(axis=0)
    case.set(case.Vb, s + (1 - S) / T)
    mean_A = means(case)[2]
    dropped = np.broadcast_to((case.kappa_prime - case.kappa * S) / T, (T, N))
    assert mean_A - (case.kappa * s - case.kappa_prime * case.q) == pytest.approx(
        dropped, abs=EXACT
    )


@pytest.mark.parametrize(("alpha_A", "alpha_V"), [(0.0, 0.0), (0.1, 0.2), (1.3, 0.8), (1.0, 1.0)])
def test_population_process(case, alpha_A, alpha_V):
    # Section 3: the mean gradient keeps A and V on the lines towards Q and P.
    task, q_bar = case.task, case.q - 1 / case.task.T
    case.set(alpha_V * case.Pb, 1 / task.T + alpha_A * q_bar)
    _, mean_V, mean_A = means(case)
    bracket = 1 - alpha_A * alpha_V
    speed_V = task.K_Q * alpha_A * bracket + (1 - alpha_V) / task.T
    assert -mean_V == pytest.approx(speed_V * case.Pb, abs=EXACT)
    assert -mean_A == pytest.approx(task.K_P * alpha_V * bracket * q_bar, abs=EXACT)


def test_sgd_with_an_intercept_is_sgd_with_a_projection():
    # Section 4: the same a, path by path, with the noise drawn once.
    rng = np.random.default_rng(2)
    T, rate, kappa, kappa_prime = 7, 0.2, 0.6, 0.5
    q = rng.dirichlet(np.ones(T))
    s = 0.1 * q
    a = s + (1 - s.sum()) / T
    for _ in range(20):
        z = rng.normal(size=T)
        s = s - rate * (kappa * s - kappa_prime * q + z)
        noise = z - z.mean()
        a = a - rate * (kappa * (a - 1 / T) - kappa_prime * (q - 1 / T) + noise)
        assert s + (1 - s.sum()) / T == pytest.approx(a, abs=EXACT)
        assert a.sum() == pytest.approx(1.0, abs=EXACT)


def variances_of_attention(case):
    """Variance of each entry of the preconditioned gradient of A, before the projection."""
    mean, second = np.zeros_like(case.A), np.zeros_like(case.A)
    for p, context, k, o in every_sample(case.task, case.q):
        r = case.V @ np.eye(case.task.N)[:, list(context)] @ case.A[:, k]
        r[o] -= 1.0
        gradient = (case.Vb.T @ r)[list(context)] / case.mu[k]
        mean[:, k] += p * gradient
        second[:, k] += p * gradient**2
    return second - mean**2


def test_matched_noise_of_the_attention(case):
    # Section 5b: without the left projection of A.
    task, mu, Vb, Pb, q = case.task, case.mu, case.Vb, case.Pb, case.q
    s = case.A
    M = (Vb * mu) @ Vb.T
    K = (Pb * mu) @ Vb.T
    C = np.diag(mu) - np.outer(mu, mu)
    squares = (Vb**2).sum(axis=0)
    F4, F3 = mu @ squares**2, mu @ (squares * (Vb * Pb).sum(axis=0))
    FZ = mu @ (task.P * (Vb - mu @ Vb) ** 2).sum(axis=0)
    trM2, trKM, trCM = np.trace(M @ M), np.trace(K @ M), np.trace(C @ M)
    qs, ss = (q * s).sum(axis=0), (s**2).sum(axis=0)
    closed = (
        (ss - s**2) * trM2 + s**2 * F4 - 2 * (qs - q * s) * trKM - 2 * q * s * F3
        + (1 - q) * trCM + q * FZ
    ) / mu - (case.kappa * s - case.kappa_prime * q) ** 2  # fmt: skip

    assert variances_of_attention(case) == pytest.approx(closed, rel=1e-11, abs=1e-11)


def test_matched_noise_at_zeros_off_the_support(case):
    # Section 5b: one level for the column, that of the intercept.
    task, mu, Vb, q = case.task, case.mu, case.Vb, case.q
    s = q * np.linspace(0.3, 0.9, task.N)
    c = (1 - s.sum(axis=0)) / task.T
    a = s + c
    case.set(Vb, a)
    M, K = (Vb * mu) @ Vb.T, (case.Pb * mu) @ Vb.T
    trCM = np.trace((np.diag(mu) - np.outer(mu, mu)) @ M)
    F4 = mu @ (Vb**2).sum(axis=0) ** 2
    closed = (
        ((a**2).sum(axis=0) - c**2) * np.trace(M @ M) + c**2 * F4
        - 2 * (q * a).sum(axis=0) * np.trace(K @ M) + trCM
    ) / mu - (case.kappa * c) ** 2  # fmt: skip
    found = variances_of_attention(case)
    zeros = q == 0
    assert zeros.any() == (task.Q < task.T)
    assert found[zeros] == pytest.approx(np.broadcast_to(closed, q.shape)[zeros], rel=1e-11)


def test_matched_noise_of_the_value_matrix(case):
    # Section 5b: total variance of the gradient of W, over the (N - 1)^2 dimensions it has.
    task, mu, a, q, N = case.task, case.mu, case.A, case.q, case.task.N
    Vb_F, VP_F = (case.Vb**2).sum(), (case.Vb * case.Pb).sum()
    kappa, kappa_prime = case.kappa, case.kappa_prime
    a2, qa, Sa4 = (a**2).sum(axis=0), (q * a).sum(axis=0), (a**4).sum(axis=0)
    Sqa3, Sqa2 = (q * a**3).sum(axis=0), (q * a**2).sum(axis=0)
    square = mu @ mu
    W, P_tilde = case.Vb * np.sqrt(mu), task.P_tilde
    closed = mu @ (
        (a2**2 - Sa4) * (N + 1) * kappa + Sa4 * (Vb_F - kappa)
        - 2 * ((a2 * qa - Sqa3) * (N + 1) * kappa_prime + Sqa3 * (VP_F - kappa_prime))
        + (a2 - Sqa2) * (N - 1) * (1 - square)
        + Sqa2 * (N * (1 + square) - 2 * mu @ task.P.sum(axis=1) - (1 - square))
    ) - ((case.nA * W - case.qA * P_tilde) ** 2).sum()  # fmt: skip

    total, mean = 0.0, 0.0
    for p, _, grad_V, _ in case.gradients():
        G = grad_V * np.sqrt(mu)
        total += p * (G**2).sum()
        mean = mean + p * G
    assert total - (mean**2).sum() == pytest.approx(closed, rel=1e-11)


def test_sums_without_cancellation(case):
    # Section 7, for a state off the lines of the population process.
    task, mu, q, V = case.task, case.mu, case.q, case.V
    T = task.T
    rng = np.random.default_rng(3)
    s = 0.4 * q + 0.1 * rng.normal(size=q.shape)
    S = s.sum(axis=0)
    A = s + (1 - S) / T
    alpha_A = mu @ ((A - 1 / T) * (q - 1 / T)).sum(axis=0) / task.K_Q
    Delta = (A - 1 / T) - alpha_A * (q - 1 / T)
    rest_A = mu @ (Delta**2).sum(axis=0)
    alpha_V = case.kappa_prime / task.K_P
    rest_V = mu @ ((case.Vb - alpha_V * case.Pb) ** 2).sum(axis=0)
    d = s - alpha_A * q

    def close(x, y):
        return x == pytest.approx(y, abs=EXACT)

    assert close(mu @ ((s**2).sum(axis=0) - S**2 / T), mu @ (A**2).sum(axis=0) - 1 / T)
    assert close(mu @ ((q * s).sum(axis=0) - S / T), mu @ (q * A).sum(axis=0) - 1 / T)
    assert close(mu @ ((q * s).sum(axis=0) - S / T) / task.K_Q, alpha_A)
    assert close(mu @ ((d**2).sum(axis=0) - d.sum(axis=0) ** 2 / T), rest_A)
    assert close((1 - alpha_A) ** 2 * task.K_Q + rest_A, mu @ ((A - q) ** 2).sum(axis=0))
    assert close((1 - alpha_V) ** 2 * task.K_P + rest_V, mu @ ((V - task.P) ** 2).sum(axis=0))
