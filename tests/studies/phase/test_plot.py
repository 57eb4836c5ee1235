import numpy as np
import pytest
from scbsim_testing.diagrams import X, Y, share_of

from scbsim.studies.phase.plot import draw, key_label, pictures, symbol_of


@pytest.fixture
def two(made_up):
    return made_up({"sgd": share_of(1.0, 3e5, X, Y), "l1": share_of(0.05, 1e6, X, Y)})


def words(figure):
    from matplotlib.text import Text

    return [text.get_text() for text in figure.findobj(Text) if text.get_text()]


@pytest.mark.slow
def test_it_says_what_it_is(two):
    figure = draw(two)
    axes = figure.axes[0]
    assert (axes.get_xscale(), axes.get_yscale()) == ("log", "log")
    assert axes.get_xlabel() == "context length $T$"
    assert axes.get_ylabel() == "batch size $B$"
    said = words(figure)
    title = next(text for text in said if "Where runs recover" in text)
    for part in ("$N = 100$", "$Q = 2$", "$2000$ steps", "10000 runs a point", r"$\geq$ 0.9"):
        assert part in title
    assert any(
        text.startswith(r"SGD: half of the runs at $B \propto T^{1.00}$ (in") for text in said
    )
    assert r"$\ell_1$: half of the runs at $B \propto T^{0.05}$" in said
    assert {"neither learns", r"only $\ell_1$ learns", "both learn"} <= {*said}
    assert any(text.startswith("samples, $B") for text in said)


def test_files(two, tmp_path):
    made = pictures(two, tmp_path)
    assert [path.name for path in made] == ["phase.png", "phase.pdf", "phase.txt"]
    assert all(path.stat().st_size > 10_000 for path in made[:2])


@pytest.mark.slow
@pytest.mark.parametrize("value", [0.0, 0.5, 1.0, np.nan])
def test_nothing_to_tell_apart(made_up, value, tmp_path):
    made = made_up({"sgd": np.nan_to_num(np.full((25, 13), value))})
    if np.isnan(value):
        made["replicas"][:] = 0
    assert "SGD: no boundary on this grid" in words(draw(made))
    pictures(made, tmp_path)


@pytest.mark.slow
def test_other_keys(made_up, tmp_path):
    keys = ("stage.0.threshold_sigmas", "stage.1.steps")
    x, y = np.linspace(0, 5, 13), np.arange(25)
    made = made_up({"l1": np.linspace(0, 1, 25)[:, None] * np.ones(13)}, x, y, 10, "linear", keys)
    figure = draw(made)
    axes = figure.axes[0]
    assert (axes.get_xscale(), axes.get_yscale()) == ("linear", "linear")
    assert axes.get_ylabel() == "steps"
    assert not any("samples" in text for text in words(figure))
    pictures(made, tmp_path)


def test_labels():
    assert key_label("task.T") == "context length $T$"
    assert key_label("stage.3.rate_A") == r"step size of A $\eta_A$"
    assert key_label("some.other") == "some.other"
    assert symbol_of("stage.0.threshold_sigmas") == r"\mathrm{threshold\_sigmas}"


def test_a_boundary_that_goes_straight_up_is_drawn_too(made_up):
    made = made_up({"l1": np.ones((25, 1)) * (np.arange(13) > 6)})
    figure = draw(made)
    assert figure.axes[0].collections[1:], "the cells, and a contour"
    assert "$\\ell_1$: no boundary on this grid" in words(figure)
