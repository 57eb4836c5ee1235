"""Runs under matched noise that are cut short anywhere go on to the same bits."""

from __future__ import annotations

import numpy as np
import pytest
from scbsim_testing.small_runs import assert_same, run_spec

from scbsim import load, simulate

STAGES = [{"steps": 23, "threshold_sigmas": 1.0, "normalize_level": 0.1}, {"steps": 30}]


def spec_of(engine, *words):
    return run_spec(
        f"dynamics.engine={engine}", "noise.model=matched", "noise.every=7", *words, stages=STAGES
    )


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["dense", "sparse"])
def test_resumed(engine, tmp_path, monkeypatch, checked_here):
    spec = spec_of(engine)
    whole = simulate(spec, output=tmp_path / "whole.h5")
    monkeypatch.setattr("scbsim.run.loop._BLOCK_STEPS", 5)
    path, stops = tmp_path / "cut.h5", 0
    while load(path).attrs["status"] != "complete" if path.exists() else True:
        looks = iter(range(100))
        simulate(spec, output=path, resume=True, stop=lambda looks=looks: next(looks) == 2)
        stops += 1
    assert stops > 4
    assert_same(load(path), whole)


@pytest.mark.parametrize("engine", ["dense", "sparse"])
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
