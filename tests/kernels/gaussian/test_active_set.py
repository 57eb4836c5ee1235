"""A step of the active entries against the same on all entries."""

from types import SimpleNamespace

import numba
import numpy as np
import pytest

from scbsim.kernels.gaussian.activations import make_newly_active
from scbsim.kernels.gaussian.active_set import Entries, make_active_set, step_active_set

STEP, KAPPA = 3, 0.8
N, T, Q = 5, 60, 3
RULES = ["prox", "denoise"]


@numba.njit
def _step(A, entries, params, kappa, at):
    step_active_set(A, entries, params, kappa, at, 0.0)


def soft(x, threshold):
    return np.sign(x) * np.maximum(np.abs(x) - threshold, 0.0)


def newly_active(activations, N):
    """Activations (column, position, value), given in any order, as the kernel keeps them."""
    new = make_newly_active(N, max(1, len(activations)))
    column, position, value = (np.array(each) for each in zip(*activations, strict=True))
    new.column[:], new.position[:], new.value[:] = column, position, value
    new.order[:] = np.lexsort((position, column))
    new.first[1:] = np.cumsum(np.bincount(column, minlength=N))
    return new


@pytest.fixture(scope="module")
def case(state, step_params, normals):
    """Step a random state: columns of none, few and many active entries."""

    def make(rule, *, long=45, sigma_A=1.0, seed=2):
        rng = np.random.default_rng(seed)
        drawn = state(N, T, Q, "float64", seed=seed)
        s = np.zeros((N, T))
        free = np.ones((N, T), bool)
        np.put_along_axis(free, drawn.A.positions, False, axis=1)
        for k, count in enumerate((0, 3, 16, 17, long)):
            at = rng.permutation(np.flatnonzero(free[k]))[:count]
            s[k, at] = rng.normal(size=count)
        active = make_active_set(N, 400)
        columns, positions = np.nonzero(s)
        active.first[0, 1:] = np.cumsum(np.bincount(columns, minlength=N))
        active.position[0, : columns.size] = positions
        active.s[0, : columns.size] = s[columns, positions]
        # Everywhere, so on the support and on active entries as well.
        tries = [(k, t) for k in range(N) for t in rng.permutation(T)[: (0, 30, 40, 60, 60)[k]]]
        values = rng.normal(size=len(tries))
        activations = [(*where, value) for where, value in zip(tries, values, strict=True)]
        A = drawn.A._replace(bulk=np.zeros((N, 0)))
        params = step_params(rule, N, sigma_A=sigma_A, rate_A=0.4)
        new = newly_active(activations, N)
        at = (np.uint64(STEP), drawn.constants.seed, drawn.constants.replica)
        _step(A, Entries(None, active, new), params, KAPPA, at)
        z = normals("float64", columns.size, step=STEP, purpose=8, replica=5)
        return SimpleNamespace(
            A=A,
            active=active,
            s=s,
            z=z,
            activations=activations,
            free=free & (s == 0),
            params=params,
        )

    return make


def right(case, rule):
    """The next entries off the support: (N, T)."""
    s, params = case.s, case.params
    columns, positions = np.nonzero(s)
    x = s[columns, positions]
    h = KAPPA * x + params.sigma_A[columns] * case.z
    threshold = params.threshold[columns]
    if rule == "prox":
        x = soft(x - params.rate_A * h, params.rate_A * threshold)
    else:
        x = x - params.rate_A * soft(h, threshold)
    after = np.zeros_like(s)
    after[columns, positions] = x
    for k, t, value in case.activations:
        if case.free[k, t]:
            after[k, t] = value
    return after


@pytest.mark.parametrize("rule", RULES)
def test_a_step_is_that_of_all_entries(case, rule):
    drawn = case(rule)
    after = right(drawn, rule)
    first, count = drawn.active.first[1], drawn.active.first[1, -1]
    columns = np.repeat(np.arange(N), np.diff(first))
    positions = drawn.active.position[1, :count]
    seen = np.zeros_like(after)
    seen[columns, positions] = drawn.active.s[1, :count]
    np.testing.assert_allclose(seen, after, rtol=1e-13, atol=1e-15)
    np.testing.assert_array_equal(seen != 0, after != 0)
    assert count == (after != 0).sum(), "an entry is there twice, or at zero"
    np.testing.assert_allclose(drawn.A.off_sums[:, 0], after.sum(axis=1), rtol=1e-12)
    np.testing.assert_allclose(drawn.A.off_sums[:, 1], (after**2).sum(axis=1), rtol=1e-12)


@pytest.mark.parametrize("rule", RULES)
def test_positions_ascend_and_keep_off_the_support(case, rule):
    drawn = case(rule)
    first = drawn.active.first[1]
    for k in range(N):
        positions = drawn.active.position[1, first[k] : first[k + 1]]
        assert (np.diff(positions) > 0).all()
        assert not np.isin(positions, drawn.A.positions[k]).any()


def test_some_die_under_prox_and_none_under_denoise(case):
    for rule, some in (("prox", True), ("denoise", False)):
        drawn = case(rule)
        after = right(drawn, rule)
        assert ((drawn.s != 0) & (after == 0)).any() == some


@pytest.mark.parametrize("rule", RULES)
def test_the_old_list_is_left_as_it_was(case, rule):
    drawn = case(rule)
    columns, positions = np.nonzero(drawn.s)
    np.testing.assert_array_equal(drawn.active.position[0, : columns.size], positions)
    np.testing.assert_array_equal(drawn.active.s[0, : columns.size], drawn.s[columns, positions])


def test_without_noise_active_entries_decay(case):
    drawn = case("denoise", sigma_A=0.0)
    columns, positions = np.nonzero(drawn.s)
    seen = dict(
        zip(drawn.active.position[1, : drawn.active.first[1, 2]], drawn.active.s[1], strict=False)
    )
    for t in positions[columns == 1]:
        assert seen[t] == pytest.approx(drawn.s[1, t] * (1 - 0.4 * KAPPA), rel=1e-14)


def test_noise_of_more_than_a_block(state, step_params, normals):
    """Entry i has normal i, however many there are."""
    drawn = state(2, 6000, 1, "float64", seed=4)
    active = make_active_set(2, 12_000)
    for k in range(2):
        at = np.delete(np.arange(6000), drawn.A.positions[k])[: (2500, 5000)[k]]
        begin = (0, 2500)[k]
        active.position[0, begin : begin + at.size] = at
        active.first[0, k + 1] = begin + at.size
    active.s[0, :7500] = 1.0
    A = drawn.A._replace(bulk=np.zeros((2, 0)))
    params = step_params("denoise", 2, sigmas=0.0)
    new = make_newly_active(2, 1)
    at = (np.uint64(STEP), drawn.constants.seed, drawn.constants.replica)
    _step(A, Entries(None, active, new), params, KAPPA, at)
    z = normals("float64", 7500, step=STEP, purpose=8, replica=5)
    sigma = np.repeat(params.sigma_A, (2500, 5000))
    right = 1.0 - params.rate_A * (KAPPA + sigma * z)
    np.testing.assert_allclose(active.s[1, :7500], right, rtol=1e-13)
