"""A run is not taken further with normals that are laid out in another way."""

import json
import shutil

import h5py
import numpy as np
import pytest
from scbsim_testing.golden_runs import FOLDER, stopped_spec

from scbsim import RunSpec
from scbsim.errors import OutputError
from scbsim.storage.checkpoint.resume import resume_point_of
from scbsim.storage.hdf5.attributes import put_text
from scbsim.storage.runfile import layout


@pytest.fixture
def stopped(tmp_path):
    """Copy a stopped run of an engine; return its path and spec."""

    def copy(name):
        for suffix in ("h5", "h5.ckpt"):
            shutil.copy(FOLDER / f"{name}.{suffix}", tmp_path)
        return tmp_path / f"{name}.h5", RunSpec.from_dict(stopped_spec(name))

    return copy


@pytest.mark.parametrize("name", ["dense", "sparse", "ensemble"])
def test_a_run_of_another_layout_is_refused(name, stopped, monkeypatch):
    path, spec = stopped(name)
    before = path.read_bytes()
    assert resume_point_of(path, spec).position is not None
    monkeypatch.setattr(layout, "LAYOUT", 3)
    with pytest.raises(OutputError, match=r"another layout in the random stream.*overwrite=True"):
        resume_point_of(path, spec)
    assert path.read_bytes() == before


def test_so_is_its_checkpoint_alone(stopped, monkeypatch):
    path, spec = stopped("dense")
    path.rename(path.with_name("dense.h5.corrupt"))
    assert resume_point_of(path, spec).position is not None
    monkeypatch.setattr(layout, "LAYOUT", 3)
    with pytest.raises(OutputError, match="another layout in the random stream"):
        resume_point_of(path, spec)


def test_what_keeps_no_layout_is_the_first():
    spec = RunSpec.from_dict(stopped_spec("dense"))
    with pytest.raises(OutputError, match="another layout"):
        layout.require_layout("old.h5", spec, {})
    layout.require_layout("new.h5", spec, {"stream_layout": layout.LAYOUT})


def test_real_batches_and_runs_without_noise_go_on(stopped):
    # This file was written before the layout changed.
    path, spec = stopped("batch")
    assert resume_point_of(path, spec).position is not None
    noiseless = {**stopped_spec("dense"), "noise": {"model": "none"}}
    noiseless["stage"] = [{"steps": 8, "threshold": 1e-3}]
    layout.require_layout("old.h5", RunSpec.from_dict(noiseless), {})


def test_entries_are_not_drawn_from_another_layout(tmp_path):
    drawn = {"drawn": np.zeros((1, 3), np.uint64)}
    with h5py.File(tmp_path / "run.h5", "w") as file:
        put_text(file.attrs, provenance=json.dumps({"engine": "collapsed"}))
        with pytest.raises(OutputError, match="drawn from the random stream"):
            layout.require_drawn(file, drawn)
        layout.require_drawn(file, {"bulk": np.zeros((2, 2))})
        made = {"engine": "collapsed", "stream_layout": layout.LAYOUT}
        put_text(file.attrs, provenance=json.dumps(made))
        layout.require_drawn(file, drawn)
