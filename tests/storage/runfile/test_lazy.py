"""The dataset of a run with an output: its columns are read from the file when they are used."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from itertools import count

import numpy as np
import pytest
import xarray as xr
from scbsim_testing.small_runs import run_spec

from scbsim import load, simulate
from scbsim.errors import OutputError
from scbsim.observables import NAMES

SHAPES = {"one": (), "three": ("dynamics.replicas=3",)}


@pytest.fixture(params=SHAPES)
def run(request, tmp_path):
    path = tmp_path / "run.h5"
    spec = run_spec(*SHAPES[request.param], steps=30)
    return simulate(spec, output=path), path, spec


def test_columns_wait_in_the_file(run):
    lazy, path, spec = run
    assert not any(lazy[name].variable._in_memory for name in ("stage", *NAMES))
    for whole in (load(path), simulate(spec)):
        assert all(whole[name].variable._in_memory for name in NAMES)
        xr.testing.assert_equal(lazy, whole)
    assert lazy.attrs == load(path).attrs


def test_any_part_is_that_of_the_whole(run):
    lazy, path, _ = run
    whole = load(path)
    for at in (0, -1, slice(3, 9, 2), slice(None, None, -1), [5, 2, 2, -1], np.arange(31) % 2 == 0):
        xr.testing.assert_equal(lazy["loss"].isel(step=at), whole["loss"].isel(step=at))
    if "replica" in lazy.dims:
        some = {"replica": [2, 0], "step": slice(-4, None)}
        xr.testing.assert_equal(lazy["loss"].isel(some), whole["loss"].isel(some))
        assert float(lazy["loss"].isel(replica=-1, step=7)) == float(whole["loss"][2, 7])
    xr.testing.assert_equal(pickle.loads(pickle.dumps(lazy)), whole)


def test_it_needs_no_file_once_it_is_loaded(run):
    lazy, path, _ = run
    whole = load(path)
    lazy.load()
    path.unlink()
    xr.testing.assert_equal(lazy, whole)


def test_another_run_in_its_place_is_never_taken_for_it(run):
    lazy, path, spec = run
    simulate(spec.replace(seed=9), output=path, overwrite=True)
    with pytest.raises(OutputError, match="holds another run now"):
        lazy["loss"].values  # noqa: B018  (reading it is the test)
    path.unlink()
    with pytest.raises(OutputError, match="does not exist"):
        lazy.load()


def test_the_folder_of_the_program_may_change(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    lazy = simulate(run_spec(), output="run.h5")
    monkeypatch.chdir("/")
    assert lazy["loss"].values.shape == (21,)


def test_it_stays_what_it_was_when_the_run_goes_on(tmp_path):
    path, asked = tmp_path / "run.h5", count()
    spec = run_spec(steps=200)
    part = simulate(spec, output=path, stop=lambda: next(asked) > 2)
    rows = part.sizes["step"]
    assert 0 < rows < 201
    whole = simulate(spec, output=path, resume=True)
    assert whole.sizes["step"] == 201
    assert np.array_equal(part["loss"].values, whole["loss"].values[:rows])
    assert float(part["loss"][-1]) == float(whole["loss"][rows - 1])


_PEAK = """
import resource, sys
from scbsim.cli.main import cli
try:
    cli(sys.argv[1:], prog_name="scbsim")
finally:
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


@pytest.mark.slow
def test_the_memory_that_a_run_takes_does_not_grow_with_its_rows(tmp_path):
    """Two million rows more are 176 MB in the file."""
    few, many = 1_000_000, 3_000_000  # beyond what HDF5 caches of chunks
    peaks = []
    for steps in (few, many):
        spec = run_spec("dynamics.engine=collapsed", "dynamics.rule=sgd", steps=steps)
        (tmp_path / "spec.toml").write_text(spec.to_toml())
        words = ["run", tmp_path / "spec.toml", "-o", tmp_path / f"{steps}.h5"]
        done = subprocess.run(
            [sys.executable, "-c", _PEAK, *words], capture_output=True, text=True, check=True
        )
        peaks.append(int(done.stdout.split()[-1]) * 1024)
    assert os.path.getsize(tmp_path / f"{many}.h5") > 88 * (many - few)
    assert peaks[1] - peaks[0] < 8 * (many - few)  # less than a single column
