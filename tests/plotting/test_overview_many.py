"""Plots of several runs, of many runs, and of rounding errors."""

import numpy as np
import pytest

from scbsim.plotting.overview import MOST_NAMED, PANELS, draw


def panel(figure, name):
    return next(a for a in figure.axes if a.get_title() == PANELS[name][0])


def legend_of(figure):
    (legend,) = (a.get_legend() for a in figure.axes if a.get_legend())
    return [text.get_text() for text in legend.get_texts()]


def test_what_rounding_leaves_of_a_zero_is_none(made_up):
    noise = np.geomspace(1e-3, 0.1, 41)
    noise[:3] = 0.0, 7.5e-18, 1e-15
    figure = draw({"run": made_up(delta_A=noise, delta_V=noise)})
    axes = panel(figure, "noise")
    assert axes.get_yscale() == "log"
    assert axes.get_ylim()[0] > 5e-4
    drawn = axes.lines[0].get_ydata()
    assert drawn[:3].tolist() == [0.0, 0.0, 0.0]
    np.testing.assert_array_equal(drawn[3:], noise[3:])


def test_nothing_but_rounding_is_a_line_at_zero(made_up):
    noise = np.full(41, 1.9e-16)
    axes = panel(draw({"run": made_up(delta_A=noise, delta_V=noise, normalized=0.0)}), "noise")
    assert axes.get_yscale() == "linear"
    assert not axes.lines[0].get_ydata().any()


def test_the_legend_has_what_is_drawn_alone(made_up):
    assert "normalised" in legend_of(draw({"run": made_up()}))
    # Collapsed SGD has normalisation rows, but no entries to normalise.
    assert "normalised" not in legend_of(draw({"run": made_up(normalized=np.nan)}))
    assert "end of a stage" in legend_of(draw({"run": made_up(stages=2)}))
    assert "end of a stage" not in legend_of(draw({"run": made_up()}))


def test_several_runs_have_a_title_with_what_they_share(made_up):
    title = draw({"one": made_up(), "two": made_up()}).get_suptitle()
    assert title.startswith("one, two\n$N = 4$, $T = 1000$, $Q = 2$, batch size")
    title = draw({"one": made_up(), "two": made_up(N=5, status="diverged")}).get_suptitle()
    assert title.startswith("one, two (diverged)\n$T = 1000$")
    assert "N =" not in title


@pytest.mark.parametrize("count", [MOST_NAMED, MOST_NAMED + 1, 60])
def test_many_runs_can_be_read(made_up, pixels, count):
    figure = draw({f"run-{i:02}": made_up() for i in range(count)})
    picture = pixels(figure)
    assert picture.shape == (580, 1000, 3)
    named = [text for text in legend_of(figure) if text.startswith("run-")]
    assert len(named) == (count if count <= MOST_NAMED else 0)
    assert figure.get_suptitle().startswith(f"{count} runs\n")
    frames = [a.get_window_extent() for a in figure.axes]
    (legend,) = (a.get_legend() for a in figure.axes if a.get_legend())
    box = legend.get_window_extent()
    assert box.y0 >= 0
    assert box.y1 <= 580
    loss = panel(figure, "loss").get_window_extent()
    assert box.y0 > loss.y1
    assert min(frame.height for frame in frames) > 120
    if count > MOST_NAMED:
        (scale,) = (child for a in figure.axes for child in a.child_axes)
        names = [label.get_text() for label in scale.get_yticklabels()]
        assert (names[0], names[-1], len(names)) == ("run-00", f"run-{count - 1}", 5)


def test_a_long_name_leaves_room_for_the_panels(made_up, pixels):
    figure = draw({f"{'long/' * 30}{i}": made_up() for i in range(2)})
    pixels(figure)
    assert all(len(text) < 50 for text in legend_of(figure))
    assert min(a.get_window_extent().width for a in figure.axes) > 150
