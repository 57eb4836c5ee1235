import warnings
from itertools import pairwise

import numpy as np
import pytest
from scbsim_testing.small_figures import curves
from scbsim_testing.small_runs import run_spec

from scbsim import simulate
from scbsim.observables import NAMES
from scbsim.plotting import style
from scbsim.plotting.overview import PANELS, draw


@pytest.fixture(autouse=True)
def _warnings_fail():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def test_every_observable_has_its_panel():
    drawn = [name for _, names, _ in PANELS.values() for name in names]
    assert sorted(drawn) == sorted(NAMES)


def test_curves_are_the_rows_of_the_run(made_up):
    run = made_up()
    figure = draw({"run": run})
    for panel, (_, names, _) in PANELS.items():
        for line, name in zip(curves(figure, panel), names, strict=True):
            np.testing.assert_array_equal(line.get_ydata(), run[name])
            np.testing.assert_array_equal(line.get_xdata(), run["step"])


@pytest.mark.slow
def test_one_run_is_drawn(made_up, pixels, share):
    picture = pixels(draw({"run": made_up()}))
    assert len(np.unique(picture.reshape(-1, 3), axis=0)) > 100
    for color in (style.BLUE, style.VERMILION, "black"):
        assert share(picture, color) > 1e-4
    assert share(picture, "white") > 0.5


@pytest.mark.slow
def test_other_numbers_give_another_picture(made_up, pixels):
    before = pixels(draw({"run": made_up()}))
    after = pixels(draw({"run": made_up(alpha_A=np.linspace(0, 1, 41))}))
    assert np.mean(before != after) > 1e-3


def test_several_runs_have_a_colour_each_and_a_legend(made_up, pixels, share):
    runs = {f"run {i}": made_up(delta_A=0.01 * np.arange(41) * (i + 1)) for i in range(3)}
    figure = draw(runs)
    assert [line.get_color() for line in curves(figure, "loss")] == list(style.CYCLE[:3])
    picture = pixels(figure)
    assert all(share(picture, color) > 1e-4 for color in style.CYCLE[:3])
    (legend,) = (a.get_legend() for a in figure.axes if a.get_legend())
    assert [text.get_text() for text in legend.get_texts()][:3] == list(runs)


def test_many_runs_are_told_apart(made_up):
    figure = draw({f"run {i}": made_up() for i in range(9)})
    looks = {(line.get_color(), line.get_linestyle()) for line in curves(figure, "loss")}
    assert len(looks) == 9


@pytest.mark.slow
def test_a_diverging_run_is_drawn_as_far_as_it_goes(made_up, pixels, share):
    away = np.exp(np.arange(41.0) * 17)
    away[36:] = np.nan
    run = made_up(status="diverged", alpha_A=-away, delta_A=away, dist_A=away, loss=away)
    figure = draw({"run": run})
    assert "diverged" in figure.get_suptitle()
    picture = pixels(figure)
    assert share(picture, style.BLUE) > 1e-4
    assert share(picture, style.VERMILION) > 1e-4


def test_a_run_of_one_row_is_drawn_as_dots(made_up, pixels, share):
    picture = pixels(draw({"run": made_up(rows=1, normalized=np.nan)}))
    assert share(picture, style.VERMILION) > 1e-5


def test_a_run_without_normalisation_has_no_star(made_up):
    run = made_up().isel(normalization=slice(0))
    figure = draw({"run": run})
    assert all(line.get_marker() != "*" for axes in figure.axes for line in axes.lines)


def test_zero_throughout_is_a_line_at_zero(made_up, pixels):
    zero = np.zeros(41)
    figure = draw({"run": made_up(delta_A=zero, delta_V=zero, normalized=0.0)})
    pixels(figure)
    assert curves(figure, "noise")[0].axes.get_yscale() == "linear"


def test_ends_of_stages_are_marked(made_up):
    figure = draw({"run": made_up(stages=2)})
    axes = curves(figure, "signals")[0].axes
    assert [line.get_xdata()[0] for line in axes.lines if len(line.get_xdata()) == 2] == [20.0]


def test_the_title_says_what_is_drawn(made_up):
    title = draw({"my run": made_up(stages=3)}).get_suptitle()
    for words in ("my run\n", "$N = 4$", "$T = 1000$", "sgd then prox on the dense engine"):
        assert words in title


@pytest.mark.slow
def test_names_that_mathtext_would_read(made_up, pixels):
    pixels(draw({"a_$b^c": made_up(), "$": made_up(), "_x": made_up()}))
    pixels(draw({r"a_$\nonsense$": made_up()}))


def test_a_run_without_rows_yet_is_drawn_empty(made_up, pixels):
    run = made_up(status="running").isel(step=slice(0), normalization=slice(0))
    figure = draw({"run": run})
    assert pixels(figure).shape == (580, 1000, 3)
    assert curves(figure, "loss") == []


def test_copies_normalised_along_a_run_are_a_line_and_ends_are_stars(pixels):
    stages = [{"steps": 8, "normalize_level": 0.1}, {"steps": 4}]
    run = simulate(run_spec("output.normalized_every=2", stages=stages))
    figure = draw({"run": run})
    axes = next(a for a in figure.axes if a.get_title() == PANELS["loss"][0])
    stars = [line for line in axes.lines if line.get_marker() == "*"]
    # The copies at the ends, 8 and 12, are multiples too, and lie under the stars.
    assert {float(line.get_xdata()[0]) for line in stars} == {8.0, 12.0}
    along = next(line for line in axes.lines if len(line.get_xdata()) == 9)
    np.testing.assert_array_equal(along.get_xdata(), [0, 2, 4, 6, 8, 8, 10, 12, 12])
    np.testing.assert_array_equal(along.get_ydata(), run["normalized_loss"])
    pixels(figure)
    (legend,) = (a.get_legend() for a in figure.axes if a.get_legend())
    assert "normalised, along the run" in [text.get_text() for text in legend.get_texts()]


def test_titles_of_single_panels_do_not_run_into_one_another(made_up):
    figure = draw({"run": made_up()}, ["sim_A", "sim_V", "alpha_A"])
    figure.draw_without_rendering()
    titles = [axes.title.get_window_extent() for axes in figure.axes if axes.get_title()]
    assert len(titles) == 3
    for one, other in pairwise(titles):
        assert one.x1 < other.x0
