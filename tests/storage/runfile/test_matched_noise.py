"""Runs under matched noise that are cut short anywhere go on to the same bits."""

from __future__ import annotations

import json

import h5py
import numpy as np
import pytest
from scbsim_testing.small_runs import assert_same, run_spec

from scbsim import load, simulate
from scbsim.errors import OutputError
from scbsim.storage.hdf5.attributes import put_text
from scbsim.trajectory.views import spec_of as spec_of_run

STAGES = [{"steps": 23, "threshold_sigmas": 1.0, "normalize_level": 0.1}, {"steps": 30}]


def spec_of(engine, *words):
    return run_spec(
        f"dynamics.engine={engine}", "noise.model=matched", "noise.every=7", *words, stages=STAGES
    )


@pytest.mark.slow
@pytest.mark.parametrize("covariances", ["true", "false"])
@pytest.mark.parametrize("engine", ["dense", "sparse"])
def test_resumed(engine, covariances, tmp_path, monkeypatch, checked_here):
    spec = spec_of(engine, f"noise.covariances={covariances}")
    whole = simulate(spec, output=tmp_path / "whole.h5")
    monkeypatch.setattr("scbsim.run.loop._BLOCK_STEPS", 5)
    path, stops = tmp_path / "cut.h5", 0
    while load(path).attrs["status"] != "complete" if path.exists() else True:
        looks = iter(range(100))
        simulate(spec, output=path, resume=True, stop=lambda looks=looks: next(looks) == 2)
        stops += 1
    assert stops > 4
    assert_same(load(path), whole)


@pytest.mark.parametrize("engine", ["dense", pytest.param("sparse", marks=pytest.mark.slow)])
def test_replicas_are_the_single_runs(engine, tmp_path):
    together = simulate(spec_of(engine, "dynamics.replicas=3"), output=tmp_path / "all.h5")
    for i in range(3):
        alone = simulate(spec_of(engine, f"dynamics.replica={i}"))
        for name in ("alpha_A", "delta_A", "delta_V", "loss"):
            np.testing.assert_array_equal(together[name].isel(replica=i), alone[name])


def test_from_a_last_state(tmp_path):
    path = tmp_path / "before.h5"
    simulate(spec_of("dense", "output.final_state=true"), output=path)
    words = ("noise.model=matched", "noise.model=isotropic")
    runs = [simulate(run_spec(word, f"init.from={path}", stages=[{"steps": 9}])) for word in words]
    assert float(runs[0]["alpha_A"][0]) == float(runs[1]["alpha_A"][0])
    assert float(runs[0]["delta_A"][-1]) != float(runs[1]["delta_A"][-1])


def as_older(path):
    """Take the key out of the specs of a file and of its checkpoint: older versions had none."""
    for each in (path, path.with_name(f"{path.name}.ckpt")):
        with h5py.File(each, "r+") as file:
            spec = json.loads(file.attrs["spec"])
            assert spec["noise"].pop("covariances") is False
            put_text(file.attrs, spec=json.dumps(spec))


@pytest.mark.slow
def test_a_run_of_an_older_version_goes_on_without_covariances(tmp_path, monkeypatch, checked_here):
    spec = spec_of("dense", "noise.covariances=false")
    monkeypatch.setattr("scbsim.run.loop._BLOCK_STEPS", 5)
    looks = iter(range(100))
    path = tmp_path / "run.h5"
    simulate(spec, output=path, stop=lambda: next(looks) == 2)
    as_older(path)
    with pytest.raises(OutputError, match=r"noise\.covariances is False there and True here"):
        simulate(spec_of("dense"), output=path, resume=True)
    simulate(spec, output=path, resume=True)
    whole = simulate(spec)
    assert whole.attrs["status"] == "complete"
    assert_same(load(path), whole)
    assert not spec_of_run(load(path)).noise.covariances
