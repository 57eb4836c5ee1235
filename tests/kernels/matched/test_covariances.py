"""Covariances of matched noise against sums over every sample: docs/model.md, section 5b."""

from __future__ import annotations

import numpy as np
import pytest
from scbsim_testing.enumerated import Enumerated, every_sample

from scbsim.engines.dense import DenseEngine
from scbsim.engines.noise import MatchedNoise

pytestmark = pytest.mark.filterwarnings("ignore::scbsim.errors.TaskWarning")

SIZE = 7
# At T = 3 or more; in the last two every position is on the support.
CASES = [(3, 4, 1), (3, 4, 2), (2, 5, 3), (4, 3, 1), (3, 4, 3), (3, 3, 3)]


class Found:
    """What an engine computes of the state of a case, and the same from every sample."""

    def __init__(self, case: Enumerated) -> None:
        task, N, Q = case.task, case.task.N, case.task.Q
        self.case, self.root = case, np.sqrt(case.mu)
        noise = MatchedNoise(SIZE, 1, covariances=True)
        self.engine = DenseEngine(task, noise, alpha_A=0.0, alpha_V=0.0, dtype=np.float64)
        # Not all of a is s, so that there is an intercept.
        s = 0.7 * case.A.T
        on = np.take_along_axis(s, task.q_positions, axis=1)
        bulk = s.copy()
        np.put_along_axis(bulk, task.q_positions, 0.0, axis=1)
        W = case.Vb * self.root
        alpha = (W * task.P_tilde).sum() / task.K_P
        self.engine.restore(
            0,
            self.engine.state()
            | {
                "bulk": bulk,
                "support": on,
                "off_sums": np.stack([bulk.sum(axis=1), (bulk**2).sum(axis=1)], axis=1),
                "W": W,
                "scalars": np.array([alpha, ((W - alpha * task.P_tilde) ** 2).sum()]),
            },
        )
        case.set(case.Vb, (s + (1 - s.sum(axis=1, keepdims=True)) / task.T).T)
        self.engine._update_levels()
        self.matched = self.engine._matched
        self.second = np.zeros((N, Q + 3, Q + 3))
        self.of_columns = np.zeros((N, N, N))
        for p, k, y, G in self.samples():
            self.second[k] += p / case.mu[k] * np.outer(y, y)
            self.of_columns += p * np.einsum("nm,lm->mnl", G, G)

    def samples(self):
        """Probability, query, ``(1, y)`` and the gradient of W."""
        case, task = self.case, self.case.task
        for p, context, k, o in every_sample(task, case.q):
            x = list(context)
            u = np.bincount(x, case.A[:, k], task.N)
            r = case.V @ u
            r[o] -= 1.0
            g = (case.Vb.T @ r)[x]
            on = task.q_positions[k]
            off = np.setdiff1d(np.arange(task.T), on)
            along = case.A[off, k]
            norm = np.linalg.norm(along)
            h = g[off] @ along / norm if norm > 0.0 else 0.0
            G = case.left @ np.outer(r, (u - case.mu) / self.root)
            yield p, k, np.array([1.0, *g[on], h, (G * task.P_tilde).sum()]), G


@pytest.fixture(scope="module", params=CASES, ids=lambda sizes: "N{}-T{}-Q{}".format(*sizes))
def found(request):
    return Found(Enumerated(*request.param, seed=1))


def test_of_every_column(found):
    factors = found.matched.joint.factors * np.sqrt(SIZE)
    mean, lower = factors[:, :, 0], factors[:, :, 1:]
    assert mean == pytest.approx(found.second[:, 0, 1:], abs=1e-12)
    second = lower @ lower.transpose(0, 2, 1) + mean[:, :, None] * mean[:, None, :]
    # A factor is the root of a covariance: of one that is 0, rounding leaves 1e-8.
    assert second == pytest.approx(found.second[:, 1:, 1:], rel=1e-9, abs=1e-12)


def covariances_drawn(found):
    """(N, N, N): of each column of the noise of W, for a level of 1, before it is projected."""
    case, task = found.case, found.case.task
    joint, N = found.matched.joint, task.N
    lower, mix = joint.shape[:N, :N], joint.mix
    common = lower @ lower.T
    drawn = np.empty((N, N, N))
    for m in range(N):
        b, p, P = case.Vb[:, m], case.Pb[:, m], task.P[:, m]
        one, other = mix[0] * b + mix[1] * p, mix[2] * p
        drawn[m] = common + np.outer(one, one) + np.outer(other, other)
        drawn[m] += mix[3] ** 2 * (np.diag(P) - np.outer(P, P))
    return drawn


def test_of_the_columns_of_W(found):
    """What is left out is known; the square of the mean is part of it."""
    case, mu = found.case, found.case.mu
    aa, qa = (case.A**2).sum(axis=0), (case.q * case.A).sum(axis=0)
    c_1 = mu @ (aa**2 - (case.A**4).sum(axis=0))
    c_2 = mu @ (aa * qa - (case.q * case.A**3).sum(axis=0))
    drawn = covariances_drawn(found)
    mean = np.tensordot(mu, drawn, 1)
    for m in range(len(mu)):
        b, p = case.Vb[:, m], case.Pb[:, m]
        projected = (1.0 - 2.0 * mu[m]) * drawn[m] + mu[m] * mean
        left_out = c_1 * np.outer(b, b) - c_2 * (np.outer(b, p) + np.outer(p, b))
        wanted = found.of_columns[m]
        assert projected + 2.0 * mu[m] * left_out == pytest.approx(wanted, abs=1e-12), m


def test_the_whole_of_the_noise_of_W_has_its_variance(found):
    """The part along W and its target, and the level of the rest."""
    case, task = found.case, found.case.task
    right = np.eye(task.N) - np.outer(found.root, found.root)
    mean, total, plane = 0.0, 0.0, 0.0
    W = case.Vb * found.root
    rest = W - (W * task.P_tilde).sum() / task.K_P * task.P_tilde
    basis = [task.P_tilde / np.linalg.norm(task.P_tilde)]
    if task.N > 2:
        basis.append(rest / np.linalg.norm(rest))
    for p, _, _, G in found.samples():
        G = G @ right
        total += p * (G**2).sum()
        mean = mean + p * G
        plane += p * sum((G * each).sum() ** 2 for each in basis)
    total -= (mean**2).sum()
    plane -= sum((mean * each).sum() ** 2 for each in basis)
    drawn = 0.0
    for m, X in enumerate(covariances_drawn(found)):
        drawn += (1.0 - case.mu[m]) * np.trace(X)
        drawn -= sum(each[:, m] @ X @ each[:, m] for each in basis)
    wanted, level = total - plane, found.matched.joint.mix[4]
    assert level**2 * SIZE * drawn == pytest.approx(wanted, rel=1e-9, abs=1e-12)
    assert (wanted > 1e-6) == (task.N > 2)
