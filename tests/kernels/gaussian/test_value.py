"""One step of V against dense projections, docs/model.md, section 4."""

import numba
import numpy as np
import pytest

from scbsim.kernels.gaussian.value import finish_value, step_value_share

FACTORS = (0.93, 0.05, 0.02)
STEP = 2**32 + 3


@numba.njit
def _steps(V, K_P, factors, at, S, shares, steps):
    step, seed, replica = at
    for i in range(steps):
        for share in range(shares - 1, -1, -1):
            now = (step + np.uint64(i), seed, replica)
            step_value_share((share, shares), V, factors, now, S)
        finish_value(V, K_P, S)


@numba.njit
def _first_pass(V, factors, at, S):
    step_value_share((0, 1), V, factors, at, S)


def take_steps(state, factors=FACTORS, *, shares=1, steps=1):
    at = (np.uint64(STEP), state.constants.seed, state.constants.replica)
    _steps(state.V, state.constants.K_P, factors, at, state.scratch, shares, steps)


def drawn(state, N, dtype="float32", **options):
    return state(N, 4, 1, dtype, **options)


def projected(G, root_mu):
    """Pi_L G Pi_R, both as they are written."""
    N = root_mu.size
    return (np.eye(N) - 1 / N) @ G @ (np.eye(N) - np.outer(root_mu, root_mu))


def test_the_state_of_these_tests_is_uneven_and_projected(state):
    V = drawn(state, 12).V
    assert V.root_mu.max() > 1.5 * V.root_mu.min()
    for matrix in V.W, V.target:
        assert np.abs(projected(matrix, V.root_mu) - matrix).max() < 1e-15


@pytest.mark.parametrize("N", [2, 3, 5, 31, 32, 33, 63, 64, 100, 300])
def test_step(N, state, normals):
    before, after = drawn(state, N), drawn(state, N)
    take_steps(after)
    keep, pull, amplitude = FACTORS
    root_mu, target, K_P = before.V.root_mu, before.V.target, before.constants.K_P
    G = np.array(
        [normals("float64", N, column=n, step=STEP, purpose=2, replica=5) for n in range(N)]
    )
    exact = keep * before.V.W + pull * target + amplitude * projected(G, root_mu)
    assert np.abs(after.V.W - exact).max() < 1e-13
    alpha = (exact * target).sum() / K_P
    rest = ((exact - alpha * target) ** 2).sum()
    assert after.V.scalars[0] == pytest.approx(alpha, rel=1e-13, abs=1e-13)
    assert after.V.scalars[1] == pytest.approx(rest, rel=1e-13, abs=1e-26)
    assert np.array_equal(after.V.target, target)


def test_a_row_longer_than_a_block_of_noise(state, normals):
    N = 2049
    s = drawn(state, N)
    before = s.V.W.copy()
    take_steps(s)
    rows = [0, 1, 1000, N - 1]
    keep, pull, amplitude = FACTORS
    noise = np.array(
        [normals("float64", N, column=n, step=STEP, purpose=2, replica=5) for n in rows]
    )
    x = keep * before[rows] + pull * s.V.target[rows] + amplitude * noise
    # The projection from the right, by rows; that from the left takes a mean over all rows away,
    # which is the same in each.
    right = x - np.outer(x @ s.V.root_mu, s.V.root_mu)
    left = right - s.V.W[rows]
    assert np.abs(left - left[0]).max() < 1e-13
    assert np.abs(s.V.W.sum(axis=0)).max() < 1e-11
    assert np.abs(s.V.W @ s.V.root_mu).max() < 1e-13


@pytest.mark.parametrize("N", [2, 7, 65])
def test_a_thousand_steps_stay_projected(N, state):
    s = drawn(state, N)
    take_steps(s, (0.999, 0.001, 0.1), steps=1000)
    assert not np.allclose(s.V.W, drawn(state, N).V.W)
    assert np.abs(s.V.W.sum(axis=0)).max() < 1e-13
    assert np.abs(s.V.W @ s.V.root_mu).max() < 1e-13


@pytest.mark.parametrize("N", [2, 50, 100])
def test_any_number_of_shares_gives_the_same_bits(N, state):
    whole = drawn(state, N)
    take_steps(whole, steps=2)
    for shares in 2, 3, 7, 40:
        parts = drawn(state, N, shares=shares)
        take_steps(parts, shares=shares, steps=2)
        assert np.array_equal(parts.V.W, whole.V.W)
        assert np.array_equal(parts.V.scalars, whole.V.scalars)


def test_the_bits_do_not_depend_on_the_precision_of_A(state):
    single, double = drawn(state, 40, "float32"), drawn(state, 40, "float64")
    take_steps(single)
    take_steps(double)
    assert np.array_equal(single.V.W, double.V.W)


def test_without_noise_a_matrix_on_the_line_stays_there(state):
    s = drawn(state, 20)
    s.V.W[:] = 0.4 * s.V.target
    s.scratch.wide_z[:] = 1e6
    take_steps(s, (0.9, 0.05, 0.0), steps=3)
    alpha = 0.4
    for _ in range(3):
        alpha = 0.9 * alpha + 0.05
    assert np.abs(s.V.W - alpha * s.V.target).max() < 1e-15
    assert s.V.scalars[0] == pytest.approx(alpha, rel=1e-14)
    assert s.V.scalars[1] < 1e-28


def test_without_a_target_there_is_no_signal(state):
    s = drawn(state, 6)
    s.V.target[:] = 0
    s.constants = s.constants._replace(K_P=0.0)
    take_steps(s)
    assert s.V.scalars[0] == 0
    assert s.V.scalars[1] == pytest.approx((s.V.W**2).sum(), rel=1e-14)


def test_an_empty_matrix_is_not_written_to(state):
    s = drawn(state, 6)
    guard = np.full(1000, 7.0)
    empty = guard[500:500].reshape(0, 0)
    s.V = s.V._replace(W=empty, target=empty)
    at = (np.uint64(STEP), s.constants.seed, s.constants.replica)
    _first_pass(s.V, FACTORS, at, s.scratch)
    assert (guard == 7).all()
