import numpy as np
import pytest
from scbsim_testing.diagrams import X, Y, share_of

from scbsim.studies.phase.boundary import boundary, growth, probability, scale_of


@pytest.mark.parametrize(("power", "at"), [(0.9, 3e4), (0.5, 3e6), (0.03, 1e6), (-0.4, 1e8)])
def test_a_power_is_found(made_up, power, at):
    found = growth(made_up({"l1": share_of(power, at, X, Y)}), "l1")
    assert found.columns == 13
    assert found.slope == pytest.approx(power, abs=0.01)
    assert abs(found.slope - power) < 2 * found.error < 0.05
    assert found.y[0] == pytest.approx(at, rel=0.1)
    # From 10% to 90% of a logistic step, on this grid.
    assert found.width == pytest.approx(np.exp(2 * 0.2 * np.log(9)), rel=0.5)
    assert found.diverged == 13 * 25


def test_columns_whose_boundary_is_off_the_grid_are_left_out(made_up):
    found = growth(made_up({"sgd": share_of(1.0, 3e6, X, Y)}), "sgd")
    assert 5 <= found.columns < 9
    assert np.isnan(found.y[found.columns :]).all()
    assert found.slope == pytest.approx(1.0, abs=0.02)


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_no_boundary_at_all(made_up, value):
    found = growth(made_up({"sgd": np.full((25, 13), value)}), "sgd")
    assert found.columns == 0
    assert np.isnan([found.slope, found.error, found.width]).all()


def test_too_few_columns_or_linear_axes_give_no_slope(made_up):
    share = share_of(0.5, 3e6, X, Y)
    share[:, 2:] = 0.0
    assert np.isnan(growth(made_up({"l1": share}), "l1").slope)
    linear = growth(made_up({"l1": share_of(0.5, 3e6, X, Y)}, spacing="linear"), "l1")
    assert linear.columns == 13
    assert np.isnan(linear.slope)


def test_crossings():
    y = np.array([1.0, 2.0, 3.0, 4.0])

    def at(*column, level=0.5, log=False):
        return boundary(np.array(column)[:, None], y, level, log=log)[0]

    assert at(0.0, 0.0, 1.0, 1.0) == 2.5
    assert at(0.0, 0.4, 0.6, 1.0) == pytest.approx(2.5)
    assert at(0.0, 0.0, 1.0, 1.0, level=0.1) == pytest.approx(2.1)
    assert at(1.0, 1.0, 0.0, 0.0) == 2.5
    assert at(0.0, 0.0, 1.0, 1.0, log=True) == pytest.approx(6**0.5)
    # With noise at the edge, it is the middle of the first and the last crossing.
    assert at(0.0, 1.0, 0.0, 1.0) == 2.5
    # A column that crosses and returns has no boundary, nor has one that is not done.
    assert np.isnan(at(0.0, 1.0, 1.0, 0.0))
    assert np.isnan(at(0.0, np.nan, 1.0, 1.0))
    assert np.isnan(at(0.0, 0.0, 0.0, 0.0))


def test_a_point_that_is_not_done_has_no_probability(made_up):
    made = made_up({"l1": share_of(0.5, 3e6, X, Y)})
    made["replicas"][0, 4, 5] = 0
    share = probability(made, "l1")
    assert np.isnan(share[4, 5])
    assert np.isnan(share).sum() == 1


def test_a_wide_list_is_logarithmic(made_up):
    for values, scale in [([1, 10, 100], "log"), ([1, 2, 3], "linear"), ([0, 10, 1000], "linear")]:
        made = made_up({"l1": np.zeros((25, 3))}, x=np.array(values), spacing="list")
        assert scale_of(made, "x") == scale
