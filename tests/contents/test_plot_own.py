"""scbsim.plot of observables of one's own."""

import numpy as np
import pytest
from scbsim_testing.observed import some, top
from scbsim_testing.small_runs import run_spec

import scbsim
from scbsim.errors import InputError


@scbsim.observable(every=4, units="km", long_name="first entry of $2")
def entry(state):
    return state.column(2)[0]


@pytest.fixture(scope="module")
def run():
    return scbsim.simulate(run_spec(steps=11), observe={"entry": entry, "top": top, "some": some})


def panels(figure):
    return {axes.get_title(): axes for axes in figure.axes if axes.get_title()}


def test_a_curve_along_its_own_steps_with_its_name_and_units(run):
    found = panels(scbsim.plot(run, only=["entry", "loss", "top"]))
    assert list(found) == [r"first entry of \$2 [km]", "population loss $L$", "top"]
    for title, name in ((r"first entry of \$2 [km]", "entry"), ("top", "top")):
        curve = found[title].lines[0]
        np.testing.assert_array_equal(curve.get_ydata(), run[name])
        np.testing.assert_array_equal(curve.get_xdata(), run[run[name].dims[0]])


def test_runs_and_ensembles_with_and_without_it(run, tmp_path):
    without = scbsim.simulate(run_spec(steps=11))
    many = scbsim.simulate(run_spec("dynamics.replicas=3", steps=9), observe={"entry": entry})
    figure = scbsim.plot(without, run, many, only="entry", output=tmp_path / "entry.png")
    (panel,) = panels(figure).values()
    colors = [line.get_color() for line in panel.lines]
    assert len(colors) == 2
    (legend,) = figure.legends
    named = dict(
        zip(
            [text.get_text() for text in legend.get_texts()],
            legend.legend_handles,
            strict=True,
        )
    )
    assert [named["run 2"].get_color(), named["run 3, 3 replicas"].get_color()] == colors
    assert not [words for words in named if words.startswith("normalised")]


def test_an_array_and_an_unknown_name_are_refused(run):
    with pytest.raises(
        InputError, match="some has 3 values at each step, and a plot has one curve"
    ):
        scbsim.plot(run, only="some")
    with pytest.raises(InputError, match='"entri" is not an observable; did you mean entry'):
        scbsim.plot(run, only="entri")
