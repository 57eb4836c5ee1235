"""Bundles of points that take about as long as one another."""

import numpy as np

from scbsim.studies.phase.bundles import bundled


def test_bundles_have_all_points_and_take_about_as_long():
    seconds = np.repeat(np.geomspace(10.0, 1000.0, 20), 60)
    sizes = bundled(seconds, 50, 1e9)
    assert (sum(sizes), len(sizes)) == (1200, 50)
    each = [part.sum() for part in np.split(seconds, np.cumsum(sizes)[:-1])]
    assert max(each) - min(each) < 2 * 1000.0
    # Longer runs are fewer in a bundle.
    assert sizes[0] > 5 * sizes[-1]


def test_bundles_are_neither_too_short_nor_too_long():
    seconds = [30.0] * 100
    assert bundled(seconds, 1, 1e9) == [100]
    assert bundled(seconds, 1, 300.0) == [10] * 10
    assert bundled(seconds, 1, 1e-9) == [1] * 100
    # No bundle is below a minute.
    assert bundled(seconds, 1000, 1e9) == [2] * 50
    assert bundled([0.1] * 100, 50, 1e9) == [100]
