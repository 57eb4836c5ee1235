import os
import shutil

import h5py
import netCDF4
import numpy as np
import pytest
import xarray as xr
from scbsim_testing.small_sweeps import collected, ran

from scbsim import load, simulate
from scbsim.errors import OutputError
from scbsim.observables import NAMES
from scbsim.sweep.collect import collect


@pytest.mark.slow
@pytest.mark.parametrize("copy", [False, True])
def test_every_run_is_found_by_what_varies(tmp_path, copy):
    table = 'product = {"task.N" = [5, 6], "dynamics.precision" = ["float32", "float64"]}\n'
    table += 'zip = {"seed" = "0:3", "init.alpha_A" = [0.1, 0.2, 0.3]}'
    folder = ran(tmp_path, table)
    collect(folder, tmp_path / "all.h5", copy=copy)
    found = collected(tmp_path / "all.h5")
    assert found["alpha_A"].dims == ("task.N", "dynamics.precision", "zip", "step")
    assert found["seed"].dims == ("zip",)
    assert set(found.coords) >= {"task.N", "dynamics.precision", "zip", "seed", "init.alpha_A"}
    for run in folder.sweep.runs:
        alone = load(folder.output(run))
        here = found.sel({key: run.values[key] for key in ("task.N", "dynamics.precision")})
        here = here.isel(zip=run.index[-1])
        for key in ("seed", "init.alpha_A"):
            assert here[key] == run.values[key]
        assert here["task_N"] == alone.attrs["N"]
        assert here["status"] == 1
        np.testing.assert_array_equal(here["step"], alone["step"])
        for name in ("stage", *NAMES, "normalized_step", *(f"normalized_{n}" for n in NAMES)):
            np.testing.assert_array_equal(here[name], alone[name])


def test_a_view_and_a_copy_are_the_same_and_a_view_is_small(tmp_path):
    folder = ran(tmp_path, 'product = {"seed" = "0:4"}', steps=3000)
    (tmp_path / "elsewhere").mkdir()
    collect(folder, tmp_path / "elsewhere/view.h5", link=True)
    collect(folder, tmp_path / "copy.h5")
    xr.testing.assert_identical(
        collected(tmp_path / "elsewhere/view.h5"), collected(tmp_path / "copy.h5")
    )
    sizes = [(tmp_path / name).stat().st_size for name in ("elsewhere/view.h5", "copy.h5")]
    assert sizes[0] < sizes[1] / 4
    with netCDF4.Dataset(tmp_path / "copy.h5") as other:
        assert other["alpha_A"].dimensions == ("seed", "step")


def test_a_folder_that_moves_with_its_view_stays_whole(tmp_path):
    folder = ran(tmp_path, 'product = {"seed" = [0, 1]}')
    collect(folder, tmp_path / "d/all.h5", link=True)
    before = collected(tmp_path / "d/all.h5")
    there = tmp_path / "100% of it"
    there.mkdir()
    shutil.move(tmp_path / "d", there / "moved")
    xr.testing.assert_identical(collected(there / "moved/all.h5"), before)


def test_a_folder_with_a_percent_sign_is_found(tmp_path):
    (tmp_path / "100%b").mkdir()
    folder = ran(tmp_path / "100%b", 'product = {"seed" = [0, 1]}')
    collect(folder, tmp_path / "all.h5", link=True)
    assert not collected(tmp_path / "all.h5")["alpha_A"].isnull().any()


def test_runs_that_are_not_finished_are_named_or_marked(tmp_path):
    folder = ran(tmp_path, 'product = {"seed" = "0:4"}', but=[1, 2])
    run = folder.sweep.runs[2]
    folder.prepared(run)
    simulate(folder.sweep.spec_of(run), output=folder.output(run), stop=lambda: True)
    with pytest.raises(
        OutputError,
        match=r"2 of 4 runs are not finished: seed=1 \(missing\), seed=2 \(stopped\)\. partial",
    ):
        collect(folder, tmp_path / "all.h5")
    assert not (tmp_path / "all.h5").exists()
    left_out = collect(folder, tmp_path / "all.h5", partial=True)
    assert [each.run.name for each in left_out] == ["seed=1", "seed=2"]
    found = collected(tmp_path / "all.h5")
    assert found["status"].values.tolist() == [1, -1, 2, 1]
    assert found["alpha_A"].isnull().all("step").values.tolist() == [False, True, True, False]
    assert found["stage"].sel(seed=1).values.tolist() == [-1] * 21


def test_a_source_that_is_gone_is_noticed(tmp_path):
    folder = ran(tmp_path, 'product = {"seed" = "0:2"}')
    folder.output(folder.sweep.runs[1]).unlink()
    with pytest.raises(OutputError, match=r"seed=1 \(missing\)"):
        collect(folder, tmp_path / "all.h5")
    (tmp_path / "d/seed=1/run.h5").write_bytes(b"junk")
    with pytest.raises(OutputError, match=r"seed=1 \(failed\)"):
        collect(folder, tmp_path / "all.h5")
    shutil.copyfile(tmp_path / "d/seed=0/run.h5", tmp_path / "d/seed=1/run.h5")
    with pytest.raises(OutputError, match=r"seed=1 \(failed\)"):
        collect(folder, tmp_path / "all.h5")


@pytest.mark.parametrize("copy", [False, True])
def test_shorter_runs_are_padded(tmp_path, copy):
    folder = ran(tmp_path, 'product = {"stage.0.steps" = [10, 30]}')
    collect(folder, tmp_path / "all.h5", copy=copy)
    found = collected(tmp_path / "all.h5")
    assert found["step"].values.tolist() == list(range(31))
    assert found["alpha_A"].isnull().sum("step").values.tolist() == [20, 0]


@pytest.mark.parametrize("copy", [False, True])
def test_runs_that_recorded_other_steps_have_a_column_of_them(tmp_path, copy):
    folder = ran(tmp_path, 'product = {"output.every" = [7, 10]}', steps=30)
    collect(folder, tmp_path / "all.h5", copy=copy)
    found = collected(tmp_path / "all.h5")
    assert found["alpha_A"].dims == ("output.every", "row")
    assert found["step"].values.tolist() == [[0, 7, 14, 21, 28, 30], [0, 10, 20, 30, -1, -1]]
    assert found["alpha_A"].isnull().sum("row").values.tolist() == [0, 2]


@pytest.mark.parametrize("copy", [False, True])
def test_ensembles_have_a_dimension_more_and_a_single_run_is_one_replica(tmp_path, copy):
    folder = ran(tmp_path, 'product = {"dynamics.replicas" = [1, 3], "seed" = [0, 1]}')
    collect(folder, tmp_path / "all.h5", copy=copy)
    found = collected(tmp_path / "all.h5")
    assert found["alpha_A"].dims == ("dynamics.replicas", "seed", "step", "replica")
    for run in folder.sweep.runs:
        alone, here = load(folder.output(run)), found.sel(run.values)
        R = run.values["dynamics.replicas"]
        np.testing.assert_array_equal(
            here["loss"].values[:, :R].T, alone["loss"].values.reshape(R, -1)
        )
        assert here["loss"][:, R:].isnull().all()


def test_a_single_run_has_no_dimension_of_a_sweep(tmp_path):
    folder = ran(tmp_path, "")
    collect(folder, tmp_path / "all.h5")
    assert collected(tmp_path / "all.h5")["alpha_A"].dims == ("step",)


def test_nothing_is_replaced_unless_asked(tmp_path):
    folder = ran(tmp_path, 'product = {"seed" = [0]}')
    (tmp_path / "all.h5").write_text("mine")
    with pytest.raises(OutputError, match=r"all.h5 exists: give another path, or overwrite=True"):
        collect(folder, tmp_path / "all.h5")
    collect(folder, tmp_path / "all.h5", overwrite=True)
    assert h5py.is_hdf5(tmp_path / "all.h5")
    assert sorted(os.listdir(tmp_path)) == ["all.h5", "d", "s.toml"]
