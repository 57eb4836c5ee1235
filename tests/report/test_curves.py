import numpy as np
import pytest
from scbsim_testing.small_runs import run_spec
from scbsim_testing.small_sweeps import ran

import scbsim
from scbsim.errors import InputError, OutputError
from scbsim.observables import NAMES
from scbsim.plotting import bands
from scbsim.report.collection import of_collection
from scbsim.report.curves import of_ensemble, of_files, of_run


def test_a_run_has_A_and_V_in_a_panel(made):
    run = scbsim.load(made["run"])
    found = of_run(run, "run")
    panels = {panel.name: panel for panel in found.panels}
    assert list(panels) == ["signals", "noise", "distances", "similarities", "loss"]
    np.testing.assert_array_equal(panels["signals"].values, [run["alpha_A"], run["alpha_V"]])
    np.testing.assert_array_equal(panels["loss"].values[0], run["loss"])
    assert np.isnan(panels["loss"].values[1]).all()
    assert panels["noise"].logarithmic
    assert not panels["signals"].logarithmic
    (star,) = (each for each in panels["distances"].stars if each[0] == 1)
    assert star == (1, 20.0, run["normalized_dist_V"].values[-1])


def test_one_observable_of_a_run(made):
    (panel,) = of_run(scbsim.load(made["run"]), "run", ["delta_V"]).panels
    assert (panel.name, np.isnan(panel.values[0]).all()) == ("delta_V", True)
    with pytest.raises(InputError, match='"delta" is not an observable of it'):
        of_run(scbsim.load(made["run"]), "run", ["delta"])


def test_an_ensemble_has_its_replicas_and_their_median(made):
    run = scbsim.load(made["ensemble"])
    found = of_ensemble(run)
    assert [panel.name for panel in found.panels] == list(NAMES)
    panel = found.panels[0]
    low, middle, high = bands.spread(run, "alpha_A")
    np.testing.assert_array_equal(panel.values, [*run["alpha_A"].values, middle])
    rows, *ends = panel.band
    assert rows.tolist() == [3]
    np.testing.assert_array_equal(ends, [[low], [high]])
    assert len(found.labels) == 4
    assert all(len(values) == 4 for values in found.keys.values())


def test_the_runs_of_a_sweep_that_are_finished(made):
    with pytest.warns(scbsim.errors.RunWarning, match="not finished"):
        runs = scbsim.load(made["sweep"])
    found = of_collection(runs)
    assert found.keys == {"init.alpha_A": [0.1] * 3 + [0.2] * 2, "seed": [0, 1, 2, 0, 1]}
    assert found.notes == ["1 of 6 runs is not finished, and not shown."]
    assert found.labels[4] == "init.alpha_A=0.2, seed=1"
    panel = next(panel for panel in found.panels if panel.name == "delta_A")
    np.testing.assert_array_equal(panel.values[4], runs["delta_A"].isel(seed=1)[1])


@pytest.mark.slow
def test_runs_of_different_lengths_and_replicas(tmp_path):
    table = 'product = {"stage.0.steps" = [5, 9], "dynamics.replicas" = [1, 3]}'
    runs = scbsim.load(ran(tmp_path, table, engine="dense").path)
    found = of_collection(runs)
    panel = found.panels[0]
    steps = np.broadcast_to(panel.steps, panel.values.shape)
    for i, (length, replicas) in enumerate(((5, 1), (5, 3), (9, 1), (9, 3))):
        assert np.isfinite(panel.values[i]).sum() == length + 1
        assert steps[i, length] == length
        of_run = runs["alpha_A"].isel({"stage.0.steps": i // 2, "dynamics.replicas": i % 2})
        middle = np.median(of_run.values[: length + 1, :replicas], axis=-1)
        np.testing.assert_allclose(panel.values[i, : length + 1], middle)
    assert "median over the replicas" in found.notes[0]


def test_no_run_is_finished(made):
    with pytest.warns(scbsim.errors.RunWarning):
        runs = scbsim.load(made["sweep"])
    none = runs.assign(status=runs["status"] * 0)
    with pytest.raises(OutputError, match="no run of the sweep is finished"):
        of_collection(none)


def test_several_files(made):
    short = scbsim.simulate(run_spec(steps=7))
    runs = {"short": short, "three": scbsim.load(made["ensemble"])}
    found = of_files(runs)
    panel = found.panels[0]
    np.testing.assert_array_equal(panel.values[0, :8], short["alpha_A"])
    assert np.isnan(panel.values[0, 8:]).all()
    np.testing.assert_array_equal(panel.values[1], bands.spread(runs["three"], "alpha_A").middle)
    assert found.notes == ["Of an ensemble (three) the median is shown."]
