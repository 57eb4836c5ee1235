"""One step of A off the support, against docs/model.md, section 4, in NumPy."""

import numba
import numpy as np
import pytest

from scbsim.kernels.gaussian.dense_attention import finish_bulk, first_at_least, step_bulk_share
from scbsim.kernels.random.normal import BLOCK

RULES = ("sgd", "prox", "denoise")

SIZES = [(1, 1), (3, 2), (511, 3), (512, 1), (513, 2), (2047, 4), (2048, 1), (2049, 3), (5000, 5)]
KAPPA = 0.7
STEP = 2**32 + 3


@numba.njit
def _step(A, params, kappa, at, S, shares):
    # Shares are taken last first: their order must not matter.
    for share in range(shares - 1, -1, -1):
        step_bulk_share((share, shares), A, params, kappa, at, S)
    finish_bulk(A)


@numba.njit
def _first_at_least(positions, bound):
    return first_at_least(positions, bound)


def take_step(state, params, *, step=STEP, shares=1):
    at = (np.uint64(step), state.constants.seed, state.constants.replica)
    _step(state.A, params, KAPPA, at, state.scratch, shares)


def soft(x, threshold):
    return np.sign(x) * np.maximum(np.abs(x) - threshold, 0)


def by_model(rule, s, z, k, params):
    """The next s of column k off the support, where q is 0."""
    rate, threshold = params.rate_A, params.threshold[k]
    h = KAPPA * s + params.sigma_A[k] * z
    if rule == "sgd":
        return s - rate * h
    if rule == "prox":
        return soft(s - rate * h, rate * threshold)
    return s - rate * soft(h, threshold)


def off_support(A, k):
    off = np.ones(A.bulk.shape[1], bool)
    off[A.positions[k]] = False
    return off


@pytest.mark.parametrize("dtype", ["float32", pytest.param("float64", marks=pytest.mark.slow)])
@pytest.mark.parametrize("rule", ["prox", "denoise"])
@pytest.mark.parametrize("sigmas", [2.9, 3.1, 4.0])
def test_zeros(sigmas, rule, dtype, state, step_params, normals):
    """Rows of zeros take a way of their own: most of them stay what they are."""
    N, T = 3, 40_000
    start = state(N, T, 2, dtype)
    start.A.bulk[:] = 0
    start.A.bulk[1, [70, 5000]] = 5.0, -5.0
    how = step_params(rule, N)
    how = how._replace(threshold=sigmas * how.sigma_A)
    take_step(start, how)
    for k in range(N):
        z = normals(dtype, T, column=k, step=STEP, replica=5)
        level, lam = z.dtype.type(how.rate_A * how.sigma_A[k]), how.rate_A * how.threshold[k]
        moves = off_support(start.A, k) & (np.abs(level * z) > z.dtype.type(lam))
        assert moves.any()
        if k == 1:
            moves[[70, 5000]] = True
        assert np.array_equal(start.A.bulk[k] != 0, moves)
        s = start.A.bulk[k, moves].astype(np.float64)
        if k != 1:
            exact = -soft(how.rate_A * how.sigma_A[k] * z[moves].astype(np.float64), lam)
            assert np.abs(s - exact).max() <= 3 * np.finfo(dtype).eps * (np.abs(s).max() + lam)
        tolerance = 100 * np.finfo(dtype).eps * np.abs(s).sum()
        assert abs(start.A.off_sums[k, 0] - s.sum()) <= tolerance
        assert start.A.off_sums[k, 1] == pytest.approx((s**2).sum(), rel=1e-4)
        assert not np.signbit(start.A.bulk[k, ~moves]).any()


@pytest.mark.parametrize(("T", "Q"), SIZES)
@pytest.mark.parametrize("dtype", ["float32", pytest.param("float64", marks=pytest.mark.slow)])
@pytest.mark.parametrize("rule", RULES)
def test_step(rule, dtype, T, Q, state, step_params, normals):
    N = 3
    before, after = (state(N, T, Q, dtype) for _ in range(2))
    how = step_params(rule, N)
    take_step(after, how)
    eps = np.finfo(dtype).eps
    for k in range(N):
        z = normals(dtype, T, column=k, step=STEP, replica=5)
        s = before.A.bulk[k].astype(np.float64)
        exact = by_model(rule, s, z.astype(np.float64), k, how)
        moved = how.rate_A * (how.sigma_A[k] * np.abs(z) + how.threshold[k])
        off = off_support(before.A, k)
        assert (np.abs(after.A.bulk[k] - exact) <= 3 * eps * (np.abs(s) + moved))[off].all()
        if rule == "prox" and T > 500:
            assert 0.05 < (after.A.bulk[k][off] == 0).mean() < 0.95
        # The support stays 0 here; its noise is handed out.
        assert (after.A.bulk[k][~off] == 0).all()
        assert np.array_equal(after.A.noise[k], z[before.A.positions[k]].astype(np.float64))
    for name in "support", "positions", "weights":
        assert np.array_equal(getattr(after.A, name), getattr(before.A, name))


@pytest.mark.parametrize(("T", "Q"), SIZES)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_sums(dtype, T, Q, state, step_params):
    s = state(3, T, Q, dtype)
    # What an earlier step left behind must not leak into the sums of a short block.
    for array in s.scratch.z, s.scratch.tail, s.scratch.sums:
        array[:] = 1e6
    take_step(s, step_params("prox", 3))
    bulk = s.A.bulk.astype(np.float64)
    roundings = 16 * np.finfo(dtype).eps / 2
    error = np.abs(s.A.off_sums[:, 0] - bulk.sum(axis=1))
    assert (error <= roundings * np.abs(bulk).sum(axis=1)).all()
    error = np.abs(s.A.off_sums[:, 1] - (bulk**2).sum(axis=1))
    assert (error <= roundings * (bulk**2).sum(axis=1)).all()
    for block in range(s.A.block_sums.shape[1]):
        part = bulk[:, block * BLOCK : (block + 1) * BLOCK]
        error = np.abs(s.A.block_sums[:, block, 0] - part.sum(axis=1))
        assert (error <= roundings * np.abs(part).sum(axis=1)).all()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("T", [511, 5000])
def test_any_number_of_shares_gives_the_same_bits(dtype, T, state, step_params):
    how = step_params("denoise", 5)
    whole = state(5, T, 2, dtype)
    take_step(whole, how)
    for shares in 2, 3, 7, 100:
        parts = state(5, T, 2, dtype, shares=shares)
        take_step(parts, how, shares=shares)
        for name in whole.A._fields:
            assert np.array_equal(getattr(parts.A, name), getattr(whole.A, name)), name


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_where_everything_is_support(dtype, state, step_params, normals):
    s = state(4, 6, 6, dtype)
    take_step(s, step_params("sgd", 4))
    assert (s.A.bulk == 0).all()
    assert (s.A.off_sums == 0).all()
    for k in range(4):
        z = normals(dtype, 6, column=k, step=STEP, replica=5)
        assert np.array_equal(s.A.noise[k], z.astype(np.float64))


def test_support_at_the_ends_of_blocks(state, step_params, normals):
    s = state(1, 2 * BLOCK + 1, 6)
    s.A.positions[0] = [0, BLOCK - 1, BLOCK, BLOCK + 512, 2 * BLOCK - 1, 2 * BLOCK]
    s.A.bulk[0, s.A.positions[0]] = 0
    take_step(s, step_params("sgd", 1))
    z = normals("float32", 2 * BLOCK + 1, column=0, step=STEP, replica=5)
    assert np.array_equal(s.A.noise[0], z[s.A.positions[0]].astype(np.float64))
    assert np.flatnonzero(s.A.bulk[0] == 0).tolist() == s.A.positions[0].tolist()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("rule", RULES)
def test_without_noise(rule, dtype, state, step_params):
    before, after = (state(3, 3000, 2, dtype) for _ in range(2))
    after.scratch.z[:] = 1e6
    how = step_params(rule, 3)._replace(sigma_A=np.zeros(3))
    take_step(after, how)
    for k in range(3):
        exact = by_model(rule, before.A.bulk[k].astype(np.float64), 0.0, k, how)
        scale = np.abs(before.A.bulk[k]) + how.rate_A * how.threshold[k]
        assert (np.abs(after.A.bulk[k] - exact) <= 3 * np.finfo(dtype).eps * scale).all()
    assert (after.A.noise == 0).all()


def test_a_step_of_no_size_changes_nothing(state, step_params):
    before, after = state(3, 3000, 2), state(3, 3000, 2)
    for rule in RULES:
        take_step(after, step_params(rule, 3, rate_A=0.0))
    assert np.array_equal(after.A.bulk, before.A.bulk)


def test_nothing_off_the_support(state, step_params):
    s = state(3, 100, 2)
    A = s.A._replace(bulk=np.zeros((3, 0), np.float32), block_sums=np.zeros((3, 0, 4)))
    at = (np.uint64(0), s.constants.seed, s.constants.replica)
    _step(A, step_params("prox", 3), KAPPA, at, s.scratch, 1)
    assert (A.off_sums == 0).all()
    assert (A.noise == 0).all()


def test_first_at_least():
    positions = np.array([0, 3, 4, 2047, 2048, 9000])
    for bound in range(-1, 9002):
        assert _first_at_least(positions, bound) == np.searchsorted(positions, bound)
    assert _first_at_least(positions[:0], 5) == 0
