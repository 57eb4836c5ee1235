"""The two-sample tests: correct statistics, and valid p-values."""

import numpy as np
import pytest
from scipy import stats

from scbsim.studies.verify.two_samples import kolmogorov_smirnov, paired_means, standardised

LAWS = {
    "normal": lambda rng, size: rng.normal(size=size),
    "heavy": lambda rng, size: rng.standard_cauchy(size),
    "atoms": lambda rng, size: rng.binomial(3, 0.1, size).astype(float),
    "one far out": lambda rng, size: (rng.random(size) < 1e-3) * 1e6,
}


@pytest.mark.parametrize("law", LAWS)
@pytest.mark.filterwarnings("ignore:ks_2samp. Exact")
def test_the_distance_is_scipy_s_and_its_p_not_below(law):
    rng = np.random.default_rng(5)
    x, y = LAWS[law](rng, (2, 300, 20))
    y += 0.2 * (np.arange(20) % 4)
    D, p = kolmogorov_smirnov(x, y)
    for j in range(20):
        exact = stats.ks_2samp(x[:, j], y[:, j], method="exact")
        assert D[j] == pytest.approx(exact.statistic, abs=1e-12)
        # Where the p-value is large it may be slightly below the exact one.
        assert p[j] >= min(exact.pvalue, 0.01)


@pytest.mark.parametrize("runs", [4, 300])
@pytest.mark.parametrize("law", LAWS)
def test_p_of_means_is_honest_for_any_law(law, runs):
    """At most a share a of the p-values is below a, with six standard errors of tolerance."""
    rng = np.random.default_rng(6)
    x, y = LAWS[law](rng, (2, runs, 20_000))
    _, p = paired_means(x, y)
    for a in (0.5, 0.1, 0.01, 1e-3):
        assert (p <= a).mean() <= a + 6 * np.sqrt(a / 20_000)


def test_means_that_differ_are_noticed():
    rng = np.random.default_rng(7)
    x, y = rng.normal(size=(2, 2000, 2))
    z, p = paired_means(x + np.array([0.0, 0.3]), y)
    assert (p > [1e-6, 0.0]).all()
    assert p[1] < 1e-9
    assert z[1] == pytest.approx(0.3 / np.sqrt(2 / 2000), rel=0.3)


def test_samples_that_are_the_same_pass():
    x = np.random.default_rng(8).normal(size=(50, 3))
    for statistic, p in (kolmogorov_smirnov(x, x), paired_means(x, x)):
        assert (statistic == 0).all()
        assert (p == 1).all()


def test_standardised():
    rng = np.random.default_rng(9)
    x, y = 3.0 + 1e-4 * rng.normal(size=(2, 500, 2))
    u, v = standardised(x, y)
    both = np.concatenate([u, v])
    np.testing.assert_allclose(both.mean(axis=0), 0, atol=1e-6)
    np.testing.assert_allclose(both.std(axis=0), 1, atol=1e-6)
    # Rounding errors in the last digit of the input do not matter.
    again, _ = standardised(np.nextafter(x, 9.0), y)
    np.testing.assert_allclose(again, u, atol=2e-7)
