"""A step whose noise differs from entry to entry, against its levels one by one, in NumPy."""

import numba
import numpy as np
import pytest

from scbsim.kernels.gaussian.dense_attention import step_bulk_share
from scbsim.kernels.matched.coefficients import amplitude_at, entry_level
from scbsim.kernels.matched.near_zero import near_zero

KAPPA, STEP = 0.7, 12

# In the last case some rows are so near zero that no root is taken.
RATIOS = [
    (1e-2, 3e-3, 2e-2),
    (1e-30, 3e-32, 1e-30),
    (0.0, 0.5, 1e-4),
    (0.0, 0.0, 2e-3),
    (1e2, 3e-3, 0.2),
]


@numba.njit
def _step(A, params, kappa, at, S):
    step_bulk_share((0, 1), A, params, kappa, at, S)


@numba.njit
def _level(matched, sigma, k, s, q):
    return entry_level(matched, sigma, k, s, q)


@numba.njit
def _near_zero(curve, amplitude, entries):
    nearest, near = near_zero(curve, amplitude, entries)
    by_few, by_more = np.empty_like(entries), np.empty_like(entries)
    by_root = np.empty_like(entries)
    for i in range(entries.size):
        by_few[i] = amplitude_at(nearest, amplitude, entries[i])
        by_more[i] = amplitude_at(near, amplitude, entries[i])
        by_root[i] = amplitude_at(curve, amplitude, entries[i])
    return (nearest.limit, near.limit), (by_few, by_more), by_root


def take_step(state, params):
    at = (np.uint64(STEP), state.constants.seed, state.constants.replica)
    _step(state.A, params, KAPPA, at, state.scratch)


def soft(x, threshold):
    return np.sign(x) * np.maximum(np.abs(x) - threshold, 0)


def off_support(A, k):
    off = np.ones(A.bulk.shape[1], bool)
    off[A.positions[k]] = False
    return off


def coefficients(N, c, base, square):
    """Zeros have the variance ``base``, others ``base + square (s^2 + 2cs)``, times 1 to 2."""
    rows = np.zeros((N, 6))
    rows[:, 0], rows[:, 1], rows[:, 2] = c, base - square * c * c, square
    rows[:, 1:3] *= np.linspace(1.0, 2.0, N)[:, None]
    return rows


def variance(row, s, q=0.0):
    c, base, square, cross, weight, weight_square = row
    a = s + c
    return np.maximum(base + square * a * a + q * (cross * a + weight + weight_square * q), 0.0)


@pytest.mark.parametrize(("base", "c", "square"), RATIOS)
@pytest.mark.parametrize("T", [100, 5000])
@pytest.mark.parametrize("dtype", ["float32", pytest.param("float64", marks=pytest.mark.slow)])
@pytest.mark.parametrize("rule", ["sgd", "prox", "denoise"])
def test_step_off_the_support(rule, dtype, T, base, c, square, state, step_params, normals):
    N = 3
    before, after = (state(N, T, 2, dtype, spread=0.5) for _ in range(2))
    matched = coefficients(N, c, base, square)
    zeros = np.sqrt(np.maximum([variance(row, 0.0) for row in matched], 0.0))
    if base == 0.0:
        zeros[:] = 0.0
    how = step_params(rule, N)._replace(sigma_A=zeros, matched=matched)
    take_step(after, how)
    eps = np.finfo(dtype).eps
    for k in range(N):
        z = normals(dtype, T, column=k, step=STEP, replica=5)
        s = before.A.bulk[k].astype(np.float64)
        slope = 2.0 * matched[k, 2] * c
        levels = np.sqrt(np.maximum(zeros[k] ** 2 + slope * s + matched[k, 2] * s * s, 0.0))
        h = KAPPA * s + levels * z
        rate, lam = how.rate_A, how.threshold[k]
        exact = {
            "sgd": s - rate * h,
            "prox": soft(s - rate * h, rate * lam),
            "denoise": s - rate * soft(h, lam),
        }[rule]
        scale = np.sqrt(zeros[k] ** 2 + np.abs(slope * s) + matched[k, 2] * s * s)
        moved = rate * (scale * np.abs(z) + lam)
        # The root of a rounding is left where the variance is a difference that is near 0.
        error = 4 * eps * (np.abs(s) + moved) + (rate * np.sqrt(eps) * scale * np.abs(z)) * (
            levels < 0.1 * scale
        )
        off = off_support(before.A, k)
        assert (np.abs(after.A.bulk[k] - exact) <= error)[off].all()
        assert (after.A.bulk[k][~off] == 0).all()
        assert np.array_equal(after.A.noise[k], z[before.A.positions[k]].astype(np.float64))


@pytest.mark.parametrize(("which", "largest"), [(0, 1 / 8192), (1, 1 / 256)])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_levels_near_zero_need_no_root(dtype, which, largest):
    real, rng = np.dtype(dtype).type, np.random.default_rng(2)
    for size in (1e-6, 1.0, 1e6):
        for r1, r2 in size * rng.normal(size=(5, 2)):
            curve, amplitude = (real(1), real(r1), real(r2 * size)), real(3)
            limit = _near_zero(curve, amplitude, np.zeros(1, dtype))[0][which]
            x = abs(r1) * float(limit) + abs(r2 * size) * float(limit) ** 2
            assert 0.99 * largest < x <= largest
            entries = np.linspace(-limit, limit, 1001).astype(dtype)
            _, by_series, by_root = _near_zero(curve, amplitude, entries)
            np.testing.assert_allclose(by_series[which], by_root, rtol=1.5 * np.finfo(dtype).eps)
    # Where zeros have no noise, the root is not smooth.
    assert _near_zero((real(0), real(1), real(1)), real(3), np.zeros(1, dtype))[0] == (-1, -1)


def test_level_of_any_entry():
    rng = np.random.default_rng(1)
    matched = rng.normal(size=(4, 6))
    for k in range(4):
        for s, q in rng.normal(size=(20, 2)):
            exact = np.sqrt(variance(matched[k], s, q))
            assert _level(matched, 9.0, k, s, q) == pytest.approx(exact, rel=1e-12, abs=1e-8)
    assert _level(None, 9.0, 0, 1.0, 1.0) == 9.0


def test_a_column_without_noise(state, step_params):
    s = state(3, 3000, 2)
    s.scratch.z[:] = 1e6
    how = step_params("sgd", 3)._replace(sigma_A=np.zeros(3), matched=np.zeros((3, 6)))
    before = s.A.bulk.copy()
    take_step(s, how)
    np.testing.assert_allclose(s.A.bulk, (1 - how.rate_A * KAPPA) * before, rtol=1e-6)
    assert (s.A.noise == 0).all()
