import numpy as np
import pytest

from scbsim.plotting import style
from scbsim.studies.figures.figure5.plot import draw
from scbsim.studies.figures.figure5.run import Runs


@pytest.fixture
def runs(made_up):
    def make(N=100):
        step = np.arange(41.0)
        return Runs(
            l1=made_up(N=N, delta_A=1e-4 * step, normalized=0.02),
            sgd=made_up(N=N, alpha_A=0.1 + step / 20, delta_A=0.1 * step),
            population=made_up(N=N, delta_A=0 * step, delta_V=0 * step),
        )

    return make


def panel(figure, label, column=0):
    """The panel of an observable; in two columns the second has no label of its own."""
    first = next(axes for axes in figure.axes if label in axes.get_ylabel())
    return figure.axes[figure.axes.index(first) + column]


def of_color(axes, color, linestyle="-"):
    return [
        line
        for line in axes.lines
        if line.get_color() == color
        and line.get_linestyle() == linestyle
        and len(line.get_xdata()) > 2
    ]


@pytest.mark.slow
@pytest.mark.parametrize("count", [1, 2])
def test_the_picture_has_every_curve_in_its_colour(runs, pixels, share, count):
    figure = draw([runs(100), runs(500)][:count])
    picture = pixels(figure)
    assert len(np.unique(picture.reshape(-1, 3), axis=0)) > 200
    for color in (style.BLUE, style.VERMILION, style.BLACK, style.GREY):
        assert share(picture, color) > 1e-4
    width, height = figure.get_size_inches()
    assert 7 <= width <= 10
    assert 5 <= height <= 10


def test_curves_are_those_of_the_runs(runs):
    given = runs()
    figure = draw([given])
    for label, name, K in ((r"\alpha_A", "alpha_A", 0), (r"\Delta_A", "delta_A", "K_Q")):
        axes = panel(figure, label)
        for run, color in ((given.l1, style.BLUE), (given.sgd, style.VERMILION)):
            (line,) = of_color(axes, color)
            np.testing.assert_array_equal(line.get_ydata(), run[name])
            if K:
                (signal,) = of_color(axes, color, ":")
                expected = run["alpha_A"].values * run.attrs[K] ** 0.5
                np.testing.assert_allclose(signal.get_ydata(), expected)
    (dashed,) = of_color(panel(figure, r"\alpha_V"), style.BLACK, "--")
    np.testing.assert_array_equal(dashed.get_ydata(), given.population["alpha_V"])


def test_the_stars_are_the_normalised_solutions_at_the_last_step(runs):
    figure = draw([runs()])
    for label in (r"\alpha_A", r"\alpha_V", r"\Delta_A", r"\Delta_V"):
        stars = [line for line in panel(figure, label).lines if line.get_marker() == "*"]
        places = [(star.get_xdata()[0], star.get_ydata()[0]) for star in stars]
        assert places == [(40.0, 0.02), (40.0, 0.5)]
        assert [star.get_color() for star in stars] == [style.BLUE, style.VERMILION]


def test_a_column_for_each_N_on_shared_axes(runs):
    figure = draw([runs(100), runs(500)])
    titles = [axes.get_title() for axes in figure.axes if axes.get_title()]
    assert [title.split(",")[0] for title in titles] == ["$N = 100$", "$N = 500$"]
    left, right = panel(figure, r"\Delta_A"), panel(figure, r"\Delta_A", column=1)
    assert left.get_ylim() == right.get_ylim()
    assert left.get_yscale() == right.get_yscale() == "log"


def test_the_title_says_what_is_drawn_and_what_was_reduced(runs):
    title = draw([runs()], note="quick: N = 100 only").get_suptitle()
    facts = ("$N = 100$", "$T = 1000$", "$Q = 2$", r"10^{6}", "dense", "isotropic Gaussian noise")
    for words in (*facts, "quick: N = 100 only"):
        assert words in title
    assert "quick" not in draw([runs()]).get_suptitle()


@pytest.mark.slow
@pytest.mark.parametrize("count", [1, 2])
def test_the_legend_overlaps_nothing(runs, count):
    figure = draw([runs(100), runs(500)][:count], note="quick")
    figure.draw_without_rendering()
    (legend,) = figure.legends
    box = legend.get_window_extent()
    for axes in figure.axes:
        assert not box.overlaps(axes.get_tightbbox())
    assert figure.bbox.x0 <= box.x0
    assert box.x1 <= figure.bbox.x1
    assert box.y0 >= figure.bbox.y0


def test_a_diverged_run_is_drawn(runs, made_up, pixels, share):
    away = np.exp(np.arange(41.0) * 17)
    away[36:] = np.nan
    bad = made_up(status="diverged", alpha_A=away, delta_A=away, delta_V=away, normalized=np.nan)
    figure = draw([Runs(l1=bad, sgd=bad, population=runs().population)])
    picture = pixels(figure)
    assert share(picture, style.BLUE) > 1e-5
    assert share(picture, style.BLACK) > 1e-4
