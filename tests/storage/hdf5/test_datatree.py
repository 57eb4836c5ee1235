"""Every file opens as a tree of datasets, and every dimension in it has a name."""

from __future__ import annotations

import h5py
import numpy as np
import pytest
import xarray as xr
from scbsim_testing.every_file import RUNS, made_others, made_runs
from scbsim_testing.small_runs import assert_same, run_spec

from scbsim import load, simulate
from scbsim.storage.hdf5 import dimensions
from scbsim.storage.hdf5.dimensions import name_dimensions

KINDS = (*RUNS, "scalars", "stopped", "copy", "view", "samples", "task", "phase", "compare")


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("files")
    return made_runs(folder) | made_others(folder)


def opened(path, engine):
    pytest.importorskip({"netcdf4": "netCDF4"}.get(engine, engine))
    return xr.open_datatree(path, engine=engine)


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["h5netcdf", "netcdf4"])
@pytest.mark.parametrize("kind", KINDS)
def test_every_dimension_has_a_name(files, kind, engine):
    with opened(files[kind], engine) as tree, h5py.File(files[kind]) as file:
        names = [str(name) for node in tree.subtree for name in node.sizes]
        assert [name for name in names if "phony" in name] == []
        unseen = []

        def look(name, node):
            group, _, variable = name.rpartition("/")
            if not isinstance(node, h5py.Dataset):
                return
            no_variable = b"not a netCDF variable" in node.attrs.get("NAME", b"")
            if not no_variable and variable not in tree[f"/{group}"].variables:
                unseen.append(name)
            elif not no_variable and tree[f"/{group}"][variable].shape != node.shape:
                unseen.append(f"{name}, {tree[f'/{group}'][variable].shape} of {node.shape}")

        file.visititems(look)
        assert unseen == []


def test_arrays_that_grow_are_seen_whole(tmp_path):
    """Those of drawn entries are empty when the file is created."""
    path = tmp_path / "run.h5"
    words = "dynamics.engine=collapsed", "dynamics.value=auto", "dynamics.rule=sgd"
    simulate(run_spec(*words, "output.final_state=true"), output=path)
    with opened(path, "h5netcdf") as tree, h5py.File(path) as file:
        for name in "drawn", "turns", "since", "direction_V", "since_V":
            assert file["final"][name].size
            np.testing.assert_array_equal(tree["final"][name].values, file["final"][name][()])


@pytest.mark.slow
def test_names_are_those_of_the_page(files):
    with opened(files["dense"], "h5netcdf") as tree:
        assert dict(tree["task"].sizes) == {"token": 6, "next_token": 6, "attended": 2}
        assert tree["final/bulk"].dims == ("step", "token", "position")
        assert tree["snapshots/support"].dims == ("step", "token", "attended")
        assert tree["snapshots"]["step"].values.tolist() == [0, 10, 20]
        assert tree["final/W"].dims == ("step", "next_token", "token")
        assert tree["normalized/loss"].dims == ("step",)
        assert tree["stages/end_step"].dims == ("stage",)
    with opened(files["ensemble"], "h5netcdf") as tree:
        assert tree["normalized/loss"].dims == ("normalization", "replica")
        assert tree["stages/reason"].dims == ("stage_index", "replica")
    with opened(files["samples"], "h5netcdf") as tree:
        assert tree["tokens"].dims == ("sample", "position")
        assert tree["task/P"].dims == ("next_token", "token")


def test_values_are_those_of_the_file(files):
    with opened(files["dense"], "h5netcdf") as tree, h5py.File(files["dense"]) as file:
        for name in ("task/P", "final/bulk", "normalized/loss", "trajectory/alpha_A"):
            np.testing.assert_array_equal(tree[name].values, file[name][()])


def test_a_file_without_names_opens_and_goes_on(tmp_path, monkeypatch):
    """As earlier versions made them."""
    words = ("output.snapshot_every=4", "dynamics.engine=sparse")
    simulate(run_spec(*words, steps=20), output=tmp_path / "whole.h5")
    with monkeypatch.context() as before:
        for module in ("create", "states"):
            before.setattr(f"scbsim.storage.runfile.{module}.name_dimensions", lambda *_: None)
        simulate(run_spec(*words, steps=9), output=tmp_path / "old.h5")
    with h5py.File(tmp_path / "old.h5") as file:
        assert "token" not in file
    simulate(run_spec(*words, steps=20), output=tmp_path / "old.h5", resume=True)
    assert_same(load(tmp_path / "old.h5"), load(tmp_path / "whole.h5"))


def test_a_name_of_another_length_gives_way(tmp_path):
    with h5py.File(tmp_path / "x.h5", "w") as file:
        for name, shape in (("a", (3, 4)), ("b", (5, 4))):
            name_dimensions(file, file.create_dataset(name, shape, "i1"), ("long", "wide"))
        assert sorted(file) == ["a", "b", "b_0", "long", "wide"]


def test_a_long_dimension_takes_no_room_and_passes_for_whole(tmp_path, monkeypatch):
    monkeypatch.setattr(dimensions, "_UNSTORED", 10)
    simulate(run_spec(), output=tmp_path / "run.h5")
    with h5py.File(tmp_path / "run.h5") as file:
        assert file["position"].compression == "gzip"
    assert load(tmp_path / "run.h5").attrs["status"] == "complete"
