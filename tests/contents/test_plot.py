"""scbsim.plot: files and trajectories, chosen observables, labels."""

import numpy as np
import pytest
import xarray as xr
from scbsim_testing.small_runs import run_spec

import scbsim
from scbsim.errors import InputError
from scbsim.plotting import style


@pytest.fixture(scope="module")
def run():
    return scbsim.simulate(run_spec())


def legend_of(figure):
    there = (axes.get_legend() for axes in figure.axes if axes.get_legend())
    (legend,) = (*figure.legends, *there)
    return [text.get_text() for text in legend.get_texts()]


def test_all_observables_of_a_trajectory(run):
    figure = scbsim.plot(run)
    assert len(figure.axes) == 6
    assert figure.get_suptitle().startswith("run")


def test_one_observable_of_two_runs_has_one_panel(run):
    figure = scbsim.plot(run, run, only="delta_V", labels=["first", "second"])
    panel = next(axes for axes in figure.axes if axes.lines)
    assert sum(bool(axes.lines) for axes in figure.axes) == 1
    curves = [line for line in panel.lines if len(line.get_xdata()) > 1]
    assert len(curves) == 2
    for line in curves:
        np.testing.assert_array_equal(line.get_ydata(), run["delta_V"])
        assert line.get_linestyle() == "-", "V is dashed only beside A"
    assert legend_of(figure)[:2] == ["first", "second"]
    assert not {"V", "A, and the loss"} & {*legend_of(figure)}


def test_a_single_run_keeps_the_colours_of_A_and_V(run):
    figure = scbsim.plot(run, only=["alpha_V", "loss"])
    lines = [axes.lines[0].get_color() for axes in figure.axes if axes.lines]
    assert lines == [style.colors(2)[1], style.colors(2)[0]]


def test_files_and_trajectories_together(run, tmp_path):
    scbsim.simulate(run_spec(), output=tmp_path / "mine.h5")
    figure = scbsim.plot(tmp_path / "mine.h5", run, output=tmp_path / "both.pdf")
    assert legend_of(figure)[:2] == ["mine", "run 1"]
    assert (tmp_path / "both.pdf").read_bytes().startswith(b"%PDF")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"only": "deltaA"}, '"deltaA" is not an observable; did you mean delta_A?'),
        ({"only": "sim"}, '"sim" is not an observable; did you mean sim_A or sim_V?'),
        ({"labels": ["a", "b"]}, "2 labels for 1 run: each run needs a label of its own"),
    ],
)
def test_what_is_wrong_is_said(run, options, said):
    with pytest.raises(InputError) as caught:
        scbsim.plot(run, **options)
    assert said in str(caught.value)


def test_a_folder_stands_alone(run, tmp_path):
    with pytest.raises(InputError, match="is a folder; it can be drawn alone"):
        scbsim.plot(run, tmp_path)


def test_nothing_to_plot():
    with pytest.raises(InputError, match="nothing to plot"):
        scbsim.plot()


def test_a_collection_of_runs_says_what_to_draw(run):
    both = xr.concat([run, run], "seed").assign_coords(seed=[0, 1])
    with pytest.raises(InputError, match=r"delta_A differs along seed.*\.isel\(seed=0\)"):
        scbsim.plot(both, only="delta_A")
    scbsim.plot(both.isel(seed=0), only="delta_A")


def test_the_loss_of_batches(run):
    with pytest.raises(InputError, match='"batch_loss" is not an observable'):
        scbsim.plot(run, only="batch_loss")
    task = scbsim.Task.random(N=3, T=8, Q=1)
    spec = {
        "task": {"N": 3, "T": 8, "Q": 1},
        "dynamics": {"engine": "batch", "rule": "sgd", "batch_size": 4},
        "stage": [{"steps": 3}],
    }
    batch = scbsim.sample_batch(task, 4)
    handed = scbsim.simulate(spec, task=task, batches=lambda number: batch)
    figure = scbsim.plot(handed, only="batch_loss")
    assert "loss of a batch" in figure.axes[0].get_title()
    # Among all observables it stands behind the loss of the population.
    for runs, lines in (((handed,), 2), ((handed, run), 3)):
        figure = scbsim.plot(*runs)
        (axes,) = (each for each in figure.axes if "loss" in each.get_title())
        assert "L_B" in axes.get_title()
        assert len([line for line in axes.lines if len(line.get_xdata()) > 1]) == lines
    assert not any("L_B" in each.get_title() for each in scbsim.plot(run).axes)
