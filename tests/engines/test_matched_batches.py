"""Matched noise against real batches: the closed forms beside the empirical covariance.

States are those that the batch engine comes to by itself; each is held while batches are drawn.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np
import pytest
from scbsim_testing.matched import matched_variances
from scbsim_testing.real_batches import a_stage, a_task, engine
from scbsim_testing.reference import full_q

from scbsim.engines.dense import DenseEngine
from scbsim.engines.noise import MatchedNoise

pytestmark = pytest.mark.filterwarnings("ignore::scbsim.errors.TaskWarning")

N, T, SIZE, BATCHES = 6, 60, 256, 4000
# 18 means and 36,000 correlations, of which the largest counts: less than 1e-5 by chance.
Z, Z_OF_PAIRS = 5.5, 7.0
STATES = {"start": 0, "middle": 40, "near the truth": 400}
CASES = [(concentration, state) for concentration in (0.02, 0.3) for state in STATES]


class Seen(NamedTuple):
    """Gradients of many batches at one state, times sqrt(SIZE), less their means.

    Attributes
    ----------
    x : (batches, N, T)
        Those of A over mu, less the mean of each off the support.
    of_W : (batches, N, N)
        Those of W, projected.
    on : (N, T)
    v : (N, T)
        The closed form, for a batch of one, and
    v_V : float
        that of V.
    """

    made: object
    x: np.ndarray
    of_W: np.ndarray
    on: np.ndarray
    v: np.ndarray
    v_V: float


@cache
def at(concentration, state):
    """What there is to be seen at a state."""
    task = a_task(N, T, P_concentration=concentration, seed=2)
    made = engine(task, SIZE, alpha_A=0.1, alpha_V=0.1)
    if STATES[state]:
        made.advance(a_stage(task, rate_A=0.1, rate_V=0.1), STATES[state])
        assert (made.observe()[:2] > 0.15).all()
    on, root = full_q(task).T > 0, np.sqrt(task.mu)
    x, of_W = np.empty((BATCHES, N, T)), np.empty((BATCHES, N, N))
    left, right = np.eye(N) - 1 / N, np.eye(N) - np.outer(root, root)
    for i in range(BATCHES):
        of_A, of_V = made.gradients(10**6 + i)
        g = (of_A / task.mu).T
        # What projection takes away, by entries that no output depends on.
        x[i] = g - (np.where(on, 0.0, g).sum(axis=1) / (~on).sum(axis=1))[:, None]
        of_W[i] = left @ (of_V / root) @ right
    A, V = made.matrices()
    v, v_V = matched_variances(task, A, full_q(task), V - task.mu[:, None])
    x, of_W = ((g - g.mean(axis=0)) * np.sqrt(SIZE) for g in (x, of_W))
    return Seen(made, x, of_W, on, v.T, float(v_V))


@pytest.fixture(params=CASES, ids=lambda case: f"{case[0]}, {case[1]}")
def seen(request):
    return at(*request.param)


def expected(seen):
    """(N, T, T): the covariance of ``x`` if entries are uncorrelated with variances ``v``."""
    found = np.empty((N, T, T))
    for k in range(N):
        H = np.eye(T) - np.outer(np.ones(T), ~seen.on[k] / (~seen.on[k]).sum())
        found[k] = H @ np.diag(seen.v[k]) @ H.T
    return found


def test_variances_are_those_of_the_closed_forms(seen):
    """Of A on its support and off it, and of V in all; 5% would be seen."""
    ratios = seen.x**2 / np.diagonal(expected(seen), axis1=1, axis2=2)
    of_V = (seen.of_W**2).sum(axis=(1, 2)) / (seen.v_V * (N - 1) ** 2)
    for some in (ratios[:, seen.on].mean(axis=1), ratios[:, ~seen.on].mean(axis=1), of_V):
        error = some.std() / np.sqrt(BATCHES)
        assert abs(some.mean() - 1) < Z * error < 0.05


def test_the_engine_has_these_levels(seen):
    made = seen.made
    matched = DenseEngine(
        made.task, MatchedNoise(SIZE, 1), alpha_A=0.0, alpha_V=0.0, dtype=np.float64
    )
    matched.adopt(made.state(), made.task)
    matched._update_levels()
    _, base, square, cross, weight, weight_square = matched._matched.levels.of_A.T[..., None]
    a, q = made.matrices()[0].T, full_q(made.task).T
    found = base + square * a**2 + q * (cross * a + weight + weight_square * q)
    assert found * SIZE == pytest.approx(seen.v, rel=1e-9)
    assert matched.noise.sigma_V**2 * SIZE == pytest.approx(seen.v_V, rel=1e-9)


def test_entries_are_uncorrelated_but_on_the_support(seen):
    wanted = expected(seen)
    spread = np.sqrt(np.diagonal(wanted, axis1=1, axis2=2))
    of_x = seen.x.transpose(1, 2, 0) @ seen.x.transpose(1, 0, 2) / BATCHES
    off = (of_x - wanted) / (spread[:, :, None] * spread[:, None, :])
    pairs = ~(seen.on[:, :, None] & seen.on[:, None, :]) & ~np.eye(T, dtype=bool)
    assert np.abs(off[pairs]).max() < Z_OF_PAIRS / np.sqrt(BATCHES)


def test_what_the_model_leaves_out():
    """Entries of a support cancel, A's noise along the truth goes with V's: docs/surrogate.md."""
    seen = at(0.02, "near the truth")
    task = seen.made.task
    on = seen.x[:, seen.on].reshape(BATCHES, N, task.Q)
    assert max(np.corrcoef(on[:, k].T)[0, 1] for k in range(N)) < -0.5
    q = full_q(task).T - 1 / T
    along_A = np.einsum("bkt,kt,k->b", seen.x, q, task.mu) / task.K_Q
    along_V = np.einsum("bnm,nm->b", seen.of_W, task.P_tilde) / task.K_P
    assert np.corrcoef(along_A, along_V)[0, 1] > 0.9
    independent_A = (task.mu[:, None] ** 2 * q**2 * seen.v).sum() / task.K_Q**2
    independent_V = seen.v_V / task.K_P
    assert along_A.var() < 0.6 * independent_A
    # Where the product of the signals stays as it is, next to nothing is left.
    of_A, of_V = seen.made.observe()[:2]
    apart = (along_A / of_A - along_V / of_V).var()
    assert apart < 0.1 * (independent_A / of_A**2 + independent_V / of_V**2)
