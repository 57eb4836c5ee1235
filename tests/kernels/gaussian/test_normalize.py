"""Normalisation against docs/model.md, section 4, on whole columns."""

import numpy as np
import pytest

from scbsim.kernels.gaussian.normalize import make_normalized, normalize_columns

SIZES = [(3, 4, 4), (4, 40, 1), (6, 300, 3), (3, 5000, 2)]


def fill_sums(A):
    bulk = A.bulk.astype(np.float64)
    A.off_sums[:, 0], A.off_sums[:, 1] = bulk.sum(axis=1), (bulk**2).sum(axis=1)


def columns(A, constants):
    """The columns of A and their intercepts."""
    s = A.bulk.astype(np.float64)
    np.put_along_axis(s, A.positions, A.support, axis=1)
    intercept = (1 - s.sum(axis=1)) / constants.T
    return s + intercept[:, None], intercept


def by_model(A, constants, threshold):
    """The normalised columns, their masses, and in which nothing stood out."""
    a, intercept = columns(A, constants)
    kept = np.where(a >= threshold * a.max(axis=1, keepdims=True), a, 0)
    nothing = intercept >= threshold * a.max(axis=1)
    mass = np.where(nothing, 1.0, kept.sum(axis=1))
    return kept / mass[:, None], mass, nothing


def run(s, threshold, in_place=False):
    result = make_normalized(s.A, np.ones(len(s.A.support)))
    for array in result[:3]:
        array[:] = np.nan
    count = normalize_columns(s.A, s.constants, threshold, in_place, result)
    return s.constants.mu @ result.masses, count, result.support, result.off_sums


@pytest.fixture(params=["float32", "float64"])
def dtype(request):
    return request.param


@pytest.fixture
def mixed(state, dtype):
    """Columns in which the truth stands out, noise besides, noise alone, or nothing."""

    def make(N, T, Q):
        s = state(N, T, Q, dtype, spread=0.01)
        s.A.support[0, 0] = 3.0
        s.A.bulk[1] *= 30
        s.A.support[2] = -0.001
        s.A.bulk[2] = np.where(s.A.bulk[2] == 0, 0, -1e-4)
        fill_sums(s.A)
        return s

    return make


@pytest.mark.parametrize("threshold", [0.05, 0.3, 0.9])
@pytest.mark.parametrize(("N", "T", "Q"), SIZES)
def test_against_the_model(N, T, Q, threshold, mixed, dtype):
    s = mixed(N, T, Q)
    expected, masses, nothing = by_model(s.A, s.constants, threshold)
    assert nothing.any()
    assert not nothing.all()
    before = s.A._replace(bulk=s.A.bulk.copy(), support=s.A.support.copy())
    mass, count, support, off_sums = run(s, threshold, in_place=True)
    assert count == nothing.sum()
    assert mass == pytest.approx(s.constants.mu @ masses, rel=1e-13)
    after = s.A._replace(support=support)
    # Kept entries are s themselves from now on, and the intercept is 0.
    found, intercept = columns(after, s.constants)
    tolerance = 8 * float(np.finfo(dtype).eps)
    assert found[~nothing] == pytest.approx(expected[~nothing], rel=tolerance, abs=tolerance / T)
    assert (np.abs(intercept[~nothing]) <= tolerance / s.constants.T).all()
    # The others are as they were.
    assert np.array_equal(support[nothing], before.support[nothing])
    assert np.array_equal(s.A.bulk[nothing], before.bulk[nothing])
    bulk = s.A.bulk.astype(np.float64)
    assert off_sums[:, 0] == pytest.approx(bulk.sum(axis=1), rel=1e-12, abs=1e-13)
    assert off_sums[:, 1] == pytest.approx((bulk**2).sum(axis=1), rel=1e-12)
    # What is given is changed in the bulk only.
    assert np.array_equal(s.A.support, before.support)


@pytest.mark.parametrize(("N", "T", "Q"), SIZES)
def test_looking_gives_the_same_and_changes_nothing(N, T, Q, mixed):
    looked, changed, untouched = (mixed(N, T, Q) for _ in range(3))
    seen, done = run(looked, 0.1), run(changed, 0.1, in_place=True)
    assert seen[:2] == done[:2]
    assert np.array_equal(seen[2], done[2])
    assert np.array_equal(seen[3], done[3])
    for name in looked.A._fields:
        assert np.array_equal(getattr(looked.A, name), getattr(untouched.A, name)), name


def test_again_changes_nothing_more(mixed, dtype):
    s = mixed(6, 300, 3)
    _, count, support, off_sums = run(s, 0.1, in_place=True)
    s.A.support[:], s.A.off_sums[:] = support, off_sums
    bulk = s.A.bulk.copy()
    mass, again, support, _ = run(s, 0.1, in_place=True)
    tolerance = 8 * float(np.finfo(dtype).eps)
    assert again == count
    assert mass == pytest.approx(1.0, rel=tolerance)
    assert support == pytest.approx(s.A.support, rel=tolerance)
    assert s.A.bulk == pytest.approx(bulk, rel=tolerance)


def test_a_start_of_the_uniform_kind_has_nothing(state):
    s = state(3, 50, 2)
    s.A.bulk[:], s.A.support[:] = 0, 0
    mass, count, support, off_sums = run(s, 0.5, in_place=True)
    assert (mass, count) == (pytest.approx(1.0, rel=1e-15), 3)
    assert (support == 0).all()
    assert (off_sums == 0).all()


def test_the_truth_is_found_exactly(state):
    s = state(4, 10_000, 3)
    s.A.bulk[:] = 0
    s.A.support[:] = 0.2 * s.A.weights
    mass, count, support, off_sums = run(s, 0.05)
    assert count == 0
    # The support holds 0.2 and its share of the intercept, 0.8 over all positions.
    assert mass == pytest.approx(0.2 + 3 * 0.8 / 10_000, rel=1e-12)
    exact = (0.2 * s.A.weights + 0.8 / 10_000) / mass
    assert support == pytest.approx(exact, rel=1e-12)
    assert support.sum(axis=1) == pytest.approx(np.ones(4), rel=1e-14)
    assert (off_sums == 0).all()


def test_an_entry_off_the_support_counts_as_any_other(state):
    s = state(2, 100, 1, uneven=False)
    s.A.bulk[:], s.A.support[:] = 0, 0.4
    wrong = (s.A.positions[0, 0] + 1) % 100
    s.A.bulk[0, wrong] = 0.6
    fill_sums(s.A)
    _, count, support, off_sums = run(s, 0.5, in_place=True)
    assert count == 0
    assert support[0, 0] == pytest.approx(0.4, rel=1e-6)
    assert s.A.bulk[0, wrong] == pytest.approx(0.6, rel=1e-6)
    assert off_sums[0] == pytest.approx([0.6, 0.36], rel=1e-6)
    assert support[1, 0] == pytest.approx(1.0)


def test_without_a_bulk(state):
    s = state(3, 1000, 2)
    A = s.A._replace(bulk=np.zeros((3, 0), np.float32))
    s.A.bulk[:] = 0
    s.A.support[1] = 0.0
    whole = run(s, 0.1)
    s.A = A
    part = run(s, 0.1, in_place=True)
    assert whole[:2] == part[:2]
    assert whole[1] == 1
    assert np.array_equal(whole[2], part[2])
    assert np.array_equal(whole[3], part[3])
