"""Gaps: their scales, their steps, and the gaps between ensembles of the same law."""

import numpy as np
import pytest

from scbsim.observables import NAMES
from scbsim.studies.compare.gaps import chance, comparison, gap, held, scale_of, steps_of

NAN = np.nan


@pytest.fixture
def noisy():
    """Make (R, n): a rise from 1 to 3, with a random offset for each replica."""

    def make(seed, factor=1.0, spread=0.1, R=40, n=30):
        rng = np.random.default_rng(seed)
        return factor * (np.linspace(1, 3, n) + spread * rng.standard_normal((R, 1)))

    return make


@pytest.mark.parametrize(
    ("median", "word", "scale"),
    [
        ([2.0, -4.0, 1.0], "median", [2.0, 4.0, 1.0]),
        ([0.0, 1.0, 3.0], "range", [3.0, 3.0, 3.0]),
        ([-1.0, 0.05, 1.0], "range", [2.0, 2.0, 2.0]),
        ([0.1, 1.0], "range", [0.9, 0.9]),
        ([0.11, 1.0, NAN], "median", [0.11, 1.0, NAN]),
        ([NAN, NAN], "range", [0.0, 0.0]),
    ],
)
def test_what_a_gap_is_relative_to(median, word, scale):
    found, values = scale_of(np.array(median))
    assert found == word
    np.testing.assert_allclose(values, scale)


def test_a_gap_is_the_largest_and_the_mean_where_there_are_both():
    median, other = np.array([1.0, 2.0, 4.0, NAN, 5.0]), np.array([1.0, 3.0, 3.0, 9.0, NAN])
    found = gap(median, other, np.array([1.0, 2.0, 4.0, 1.0, 1.0]), np.arange(0, 50, 10))
    assert found == (0.5, pytest.approx(0.25), 10)
    nothing = gap(median, np.full(5, NAN), median, np.arange(5))
    assert np.isnan(nothing[:2]).all()
    assert gap(np.zeros(3), np.zeros(3), np.zeros(3), np.arange(3)) == (0.0, 0.0, 0)
    assert gap(np.zeros(3), np.ones(3), np.zeros(3), np.arange(3))[0] == np.inf


def test_a_replica_that_is_complete_stays_where_it_ended(ensemble):
    values = [[1, 2, NAN, NAN], [1, 2, 3, 4], [5, NAN, NAN, NAN]]
    run = ensemble(values, status=["complete", "complete", "diverged"])
    found = held(run, np.arange(6))
    right = [[1, 2, 2, 2, 2, 2], [1, 2, 3, 4, 4, 4], [5, NAN, NAN, NAN, NAN, NAN]]
    for i, name in enumerate(NAMES):
        np.testing.assert_array_equal(found[name], (i + 1) * np.array(right))


def test_steps_end_when_half_of_the_real_ones_have(ensemble):
    values = np.ones((5, 9))
    for replica, end in enumerate([2, 3, 5, 6, 8]):
        values[replica, end + 1 :] = NAN
    assert steps_of(ensemble(values)).tolist() == [0, 1, 2, 3, 4, 5]
    # The last step of a replica is always recorded, even between the regular rows.
    odd = ensemble(values[:, :5], every=10, steps=[0, 10, 17, 20, 30])
    assert steps_of(odd).tolist() == [0, 10, 20, 30]


def test_a_known_gap_is_found(ensemble, noisy):
    real = noisy(0)
    runs = {"batch": real, "isotropic": 1.2 * real, "matched": real}
    found = comparison({name: ensemble(values) for name, values in runs.items()})
    assert (found["relative_to"] == "median").all()
    np.testing.assert_allclose(found["largest_gap"].sel(gaussian="isotropic"), 0.2, rtol=1e-12)
    np.testing.assert_allclose(found["mean_gap"].sel(gaussian="isotropic"), 0.2, rtol=1e-12)
    np.testing.assert_allclose(found["width"].sel(gaussian="isotropic"), 1.2, rtol=1e-12)
    assert (found["largest_gap"].sel(gaussian="matched") == 0).all()
    np.testing.assert_allclose(found["width"].sel(gaussian="matched"), 1.0)
    for i, name in enumerate(NAMES):
        wanted = (i + 1) * np.quantile(real, [0.1, 0.5, 0.9], axis=0)
        np.testing.assert_allclose(found[name].sel(model="batch"), wanted, rtol=1e-12)


@pytest.mark.slow
def test_chance_is_exceeded_as_often_as_is_said(noisy):
    """Ensembles of the same law exceed it about one time in twenty; another law always does."""
    beyond, steps = [], np.arange(30)

    def width(values):
        low, high = np.quantile(values, (0.1, 0.9), axis=0)
        return (high - low).sum()

    for seed in range(100):
        real, same = noisy(2 * seed), noisy(2 * seed + 1)
        median = np.median(real, axis=0)
        largest, mean, ratio = chance(real, median, steps)
        # A median that is higher by 0.6, and a band that is five times as wide.
        for other in (same, 0.6 + median + 5.0 * (same - median)):
            found = gap(median, np.median(other, axis=0), median, steps)
            apart = abs(np.log(width(other) / width(real)))
            beyond.append([found.largest > largest, found.mean > mean, apart > np.log(ratio)])
    # A Binomial(100, 0.05) is 18 or more with probability 2e-6; a bootstrap of 40 is rough.
    assert np.sum(beyond[0::2], axis=0).max() < 18
    assert np.all(beyond[1::2])


def test_those_that_diverged_leave_nothing_once_they_are_most(ensemble, noisy):
    real, wild = noisy(0), noisy(1)
    wild[:25, 10:] = NAN
    runs = {"batch": real, "isotropic": wild, "matched": real}
    status = ["diverged"] * 25 + ["complete"] * 15
    found = comparison(
        {n: ensemble(v, status if n == "isotropic" else "complete") for n, v in runs.items()}
    )
    there = found["loss"].sel(model="isotropic", quantile=0.5).values
    assert np.isfinite(there).tolist() == [True] * 10 + [False] * 20
    assert float(found["step_of_largest"].sel(gaussian="isotropic", observable="loss")) < 10
