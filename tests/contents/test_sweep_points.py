"""Plots of sweeps: a point is a curve, and its seeds are a band."""

import json

import numpy as np
import pytest
import xarray as xr
from click.testing import CliRunner
from matplotlib.collections import PolyCollection
from scbsim_testing.small_runs import run_spec

import scbsim
from scbsim.cli.main import cli
from scbsim.contents.sweep_points import points
from scbsim.errors import InputError
from scbsim.observables import NAMES, STATUS_CODE


def collection(shape=(3, 2), dims=("seed", "stage.0.rate_A")):
    """A collection as `scbsim.load` returns it."""
    values = np.random.default_rng(0).normal(1, 0.1, (*shape, 5))
    data = {name: ((*dims, "step"), values + i) for i, name in enumerate(NAMES)}
    data["status"] = (dims, np.full(shape, STATUS_CODE["complete"]))
    data |= {f"task_{name}": (dims, np.full(shape, 5.0)) for name in "NTQ"}
    coords = {"seed": [0, 1, 2], "stage.0.rate_A": [0.1, 0.05], "step": np.arange(5)}
    coords = {name: at for name, at in coords.items() if name in (*dims, "step")}
    sweep = json.dumps(run_spec(steps=4).to_dict() | {"sweep": {}})
    return xr.Dataset(data, coords, {"format": "scbsim-collection", "sweep": sweep})


def test_points_have_their_seeds_as_replicas():
    found = collection()
    at = points(found, "mine")
    assert list(at) == ["stage.0.rate_A = 0.1", "stage.0.rate_A = 0.05"]
    for i, run in enumerate(at.values()):
        np.testing.assert_array_equal(run["loss"], found["loss"].values[:, i])
        assert run["loss"].dims == ("replica", "step")
        assert run["replica_status"].values.tolist() == ["complete"] * 3
        assert json.loads(run.attrs["spec"])["stage"][0]["rate_A"] == (0.1, 0.05)[i]


def test_replicas_of_runs_and_seeds_are_one_band():
    found = collection((3, 2), ("seed", "replica"))
    (run,) = points(found, "mine").values()
    assert dict(run.sizes) == {"replica": 6, "step": 5}
    np.testing.assert_array_equal(run["loss"], found["loss"].values.reshape(6, 5))


def test_runs_that_are_missing_and_steps_that_differ_are_said():
    found = collection()
    found["status"][0, 0] = -1
    at = points(found, "mine")
    assert [run.attrs["status"] for run in at.values()] == ["2 of 3 complete", "complete"]
    with pytest.raises(InputError, match="different steps"):
        points(found.rename(step="row"), "mine")


def test_the_plot_has_a_band_for_each_point():
    figure = scbsim.plot(collection(), only="loss")
    panel = next(axes for axes in figure.axes if axes.lines)
    assert sum(isinstance(each, PolyCollection) for each in panel.collections) == 2
    (legend,) = figure.legends
    texts = [text.get_text() for text in legend.get_texts()]
    assert "stage.0.rate_A = 0.1, 3 runs" in texts
    assert "median and 10-90% of 3 runs" in texts


@pytest.mark.slow
@pytest.mark.parametrize("how", ["product", "zip"])
def test_a_sweep_is_drawn_from_its_folder_and_its_file(how, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    spec = run_spec("dynamics.engine=collapsed", "stage.0.rule=sgd", steps=4).to_toml()
    varied = f'\n[sweep.{how}]\nseed = [0, 1]\n"stage.0.rate_A" = [0.1, 0.2]\n'
    (tmp_path / "mine.toml").write_text(spec + varied)
    for words in ("sweep mine.toml -o sw -q", "collect sw -o all.h5", "plot sw", "plot all.h5"):
        ended = CliRunner().invoke(cli, words.split())
        assert ended.exit_code == 0, ended.output
    assert (tmp_path / "sw.png").exists()
    assert (tmp_path / "all.png").exists()
    figure = scbsim.plot("sw", only="loss", labels=["low", "high"])
    assert figure.get_suptitle().startswith("low, high")
