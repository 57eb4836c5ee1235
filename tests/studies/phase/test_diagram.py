import errno
import json
import os
from threading import Event

import h5py
import numpy as np
import pytest
import xarray as xr
from scbsim_testing.diagrams import same
from scbsim_testing.needs import needed

import scbsim
from scbsim.errors import InputError, OutputError, RunFailed, Stopped
from scbsim.observables import NAMES
from scbsim.storage.hdf5.lock import WriterLock
from scbsim.studies.phase import phase_diagram
from scbsim.studies.phase.diagram import NAME
from scbsim.studies.phase.points import Runner


@pytest.fixture
def diagram(spec, axes):
    def make(output=None, base=spec, axes=axes, **options):
        return phase_diagram(base, *axes, output=output, **{"replicas": 5, **options})

    return make


def test_every_number_is_that_of_the_runs_it_counts(whole, spec):
    point = {"rule": "l1", "y": 10**6, "x": 1000}
    found = whole.sel(point)
    runs = [
        scbsim.simulate(
            spec.replace(
                **{"task.T": 1000, "dynamics.batch_size": 10**6, "dynamics.replica": replica}
            )
        )
        for replica in range(5)
    ]
    lasts = {name: np.array([run[name].values[-1] for run in runs]) for name in NAMES}
    assert int(found["recovered"]) == (lasts["sim_A"] >= 0.9).sum()
    assert int(found["replicas"]) == 5
    for name in NAMES:
        assert float(found[f"median_{name}"]) == np.median(lasts[name])


@pytest.mark.parametrize("threads", [2, 5])
def test_threads_do_not_matter(diagram, whole, threads):
    same(diagram(threads=threads), whole)


def test_huge_batches_recover_and_tiny_ones_do_not(spec):
    """Without noise the signals reach the truth, and noise a thousand times larger hides it."""
    axes = "task.T=200,2000", "dynamics.batch_size=1e2,1e14"
    found = phase_diagram(spec.replace(**{"stage.0.steps": 800}), *axes, replicas=20)
    assert (found["replicas"] == 20).all()
    assert (found["recovered"].sel(y=10**14) == 20).all()
    assert (found["recovered"].sel(y=100) == 0).all()


def test_runs_that_diverge_do_not_count_as_recovered(spec):
    wild = spec.replace(**{"stage.0.rate_A": 40.0, "stage.0.rate_V": 40.0, "stage.0.steps": 300})
    axes = "task.T=100,1000", "dynamics.batch_size=1e4,1e5"
    # Every last row fulfils this condition, so only divergence keeps a run from counting.
    found = phase_diagram(wild, *axes, rules=("sgd",), replicas=3, recovered="loss > -inf")
    assert (found["diverged"] == 3).all()
    assert (found["recovered"] == 0).all()
    assert np.isnan(found["median_sim_A"]).all()


def test_a_file_opens_in_xarray_and_has_all_there_is(diagram, whole, tmp_path, axes):
    same(diagram(tmp_path / "deep" / "out"), whole)
    with xr.open_dataset(tmp_path / "deep" / "out" / NAME, engine="h5netcdf") as found:
        assert found["recovered"].dims == ("rule", "y", "x")
        assert found["rule"].values.tolist() == ["sgd", "l1"]
        for name in whole.variables:
            np.testing.assert_array_equal(found[name].values, whole[name].values)
        assert found["done"].dtype == bool
        assert found["done"].all()
        assert [found[axis].attrs["key"] for axis in "xy"] == [a.partition("=")[0] for a in axes]
        assert found.attrs["status"] == "complete"
        assert json.loads(found.attrs["engines"]) == {"l1": ["sparse"], "sgd": ["collapsed"]}
        assert json.loads(found.attrs["provenance"])["scbsim"] == scbsim.__version__
    assert [path.name for path in (tmp_path / "deep" / "out").iterdir()] == [NAME]


def test_netcdf_reads_it(diagram, whole, tmp_path):
    netCDF4 = needed("netCDF4")
    diagram(tmp_path)
    with netCDF4.Dataset(tmp_path / NAME) as found:
        np.testing.assert_array_equal(found["recovered"][:], whole["recovered"].values)


@pytest.mark.parametrize("after", [0, 1, 7, 23])
def test_what_is_stopped_goes_on_to_the_same(diagram, whole, tmp_path, after, monkeypatch):
    run, count, heard = Runner.run, [0], Event()

    def counted(self, *how):
        count[0] += 1
        if count[0] == after:
            heard.wait(60)
        return run(self, *how)

    def stop():
        if count[0] >= after:
            heard.set()
        return heard.is_set()

    monkeypatch.setattr(Runner, "run", counted)
    with pytest.raises(Stopped, match=r"stopped on a signal after \d+ of 24 points of .*goes on"):
        diagram(tmp_path, threads=1, stop=stop)
    with xr.open_dataset(tmp_path / NAME, engine="h5netcdf") as found:
        assert found.attrs["status"] == "stopped"
        done = int(found["done"].sum())
        assert ((found["replicas"] == 5) == found["done"]).all()
    assert done == after
    before, count[0] = count[0], 0
    assert before == done
    same(diagram(tmp_path), whole)
    assert count[0] == 24 - done
    count[0] = 0
    same(diagram(tmp_path), whole)
    assert count[0] == 0


def test_another_diagram_in_the_folder_is_refused_and_overwritten_when_told(
    diagram, tmp_path, spec
):
    diagram(tmp_path)
    held = (tmp_path / NAME).read_bytes()
    other = spec.replace(seed=9)
    with pytest.raises(OutputError, match=r"another diagram: spec.seed is 3 there and 9 here\. "):
        diagram(tmp_path, base=other)
    assert (tmp_path / NAME).read_bytes() == held
    assert json.loads(diagram(tmp_path, base=other, overwrite=True).attrs["spec"])["seed"] == 9


def test_a_file_that_is_none_is_refused(diagram, tmp_path):
    (tmp_path / NAME).write_bytes(b"something of mine")
    with pytest.raises(OutputError, match=r"is not an HDF5 file; overwrite=True replaces it"):
        diagram(tmp_path)
    assert (tmp_path / NAME).read_bytes() == b"something of mine"
    (tmp_path / "run").mkdir()
    with h5py.File(tmp_path / "run" / NAME, "w") as file:
        file.attrs["format"] = "scbsim"
    with pytest.raises(OutputError, match="is no phase diagram"):
        diagram(tmp_path / "run")
    with pytest.raises(OutputError, match="is a file; a phase diagram needs a folder"):
        diagram(tmp_path / NAME)


def test_a_second_writer_is_kept_out(diagram, tmp_path):
    lock = WriterLock(tmp_path / NAME)
    with pytest.raises(RunFailed, match="is being written by process"):
        diagram(tmp_path)
    lock.release()
    diagram(tmp_path)


def test_a_point_that_fails_is_named_and_the_others_are_kept(spec, tmp_path, monkeypatch):
    run = Runner.run

    def failing(self, name, *how):
        if "task.T=1000" in name:
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr("scbsim.studies.phase.points.plan_of", refuse)
                return run(self, name, *how)
        return run(self, name, *how)

    def refuse(*_):
        raise InputError("no room for it")

    monkeypatch.setattr(Runner, "run", failing)
    axes = "task.T=100,1000", "dynamics.batch_size=1e4,1e5"
    with pytest.raises(
        InputError, match=r"at task.T=1000, dynamics.batch_size=10000 under sgd: no"
    ):
        phase_diagram(spec, *axes, output=tmp_path, replicas=2, threads=1)
    with xr.open_dataset(tmp_path / NAME, engine="h5netcdf") as found:
        assert found.attrs["status"] == "failed"
        assert found["done"].sel(x=100).all()


def test_wrong_arguments(diagram):
    with pytest.raises(InputError, match="threads: 0 is not allowed"):
        diagram(threads=0)
    with pytest.raises(InputError, match="overwrite is about an output"):
        diagram(overwrite=True)
    with pytest.raises(InputError, match="is no condition"):
        diagram(recovered="nothing")


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_a_disk_that_is_full_costs_nothing_that_was_there(
    diagram, whole, tmp_path, step, monkeypatch
):
    calls = [0]
    with pytest.raises(Stopped):
        diagram(tmp_path, threads=1, stop=lambda: calls.append(1) or len(calls) > 3)
    held = (tmp_path / NAME).read_bytes()

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, step, full)
        with pytest.raises(
            RunFailed, match=r"No space left on device.*the same command again goes on"
        ):
            diagram(tmp_path)
    assert (tmp_path / NAME).read_bytes() == held
    assert [path.name for path in tmp_path.iterdir()] == [NAME]
    same(diagram(tmp_path), whole)


def test_a_diagram_that_is_open_in_a_notebook_goes_on(diagram, tmp_path):
    whole = diagram(tmp_path)
    with h5py.File(tmp_path / NAME, "r", locking=True):
        same(diagram(tmp_path), whole)


def test_a_program_that_goes_elsewhere_while_it_runs(diagram, tmp_path, monkeypatch):
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path)

    def stop():
        os.chdir(tmp_path / "elsewhere")
        return False

    diagram("here", threads=1, stop=stop)
    assert os.listdir(tmp_path / "here") == [NAME]
    assert os.listdir(tmp_path / "elsewhere") == []
