"""Losses of batches that runs were handed, in the file of all runs of a sweep."""

import numpy as np
import pytest
from scbsim_testing.given_samples import drawn, spec_of

import scbsim
from scbsim.spec.sweep import Sweep
from scbsim.sweep.collect import collect
from scbsim.sweep.folder import SweepFolder


@pytest.fixture
def folder(tmp_path):
    """Two runs, of which the second was handed its batches."""
    tables = {**spec_of(size=8, steps=3).to_dict(), "sweep": {"product": {"seed": [3, 4]}}}
    folder = SweepFolder.made(tmp_path / "sweep", Sweep.from_dict(tables))
    for run in folder.sweep.runs:
        spec = folder.sweep.spec_of(run)
        batches = [drawn(spec, number) for number in range(3)] if run.index[0] else None
        scbsim.simulate(spec, output=folder.output(run), batches=batches)
    return folder


@pytest.mark.parametrize("link", [False, True])
def test_those_of_runs_that_have_them(folder, tmp_path, link):
    collect(folder, tmp_path / "all.h5", link=link)
    found = scbsim.load(tmp_path / "all.h5")["batch_loss"]
    alone = scbsim.load(folder.output(folder.sweep.runs[1]))["batch_loss"]
    assert found.dims == ("seed", "step")
    assert np.isnan(found[0]).all()
    np.testing.assert_array_equal(found[1], alone)
    assert found.attrs["long_name"] == alone.attrs["long_name"]


def test_none_where_no_run_has_any(folder, tmp_path):
    first = folder.sweep.runs[0]
    folder.output(folder.sweep.runs[1]).unlink()
    collect(folder, tmp_path / "all.h5", partial=True)
    found = scbsim.load(tmp_path / "all.h5")
    assert "batch_loss" not in found
    assert float(found["loss"][0, -1]) == float(scbsim.load(folder.output(first))["loss"][-1])


def test_the_plot_of_a_sweep_draws_them(folder, tmp_path):
    collect(folder, tmp_path / "all.h5")
    assert any("L_B" in each.get_title() for each in scbsim.plot(tmp_path / "all.h5").axes)
