"""Copies that are normalised along a run, `output.normalized_every`."""

from __future__ import annotations

import numpy as np
import pytest
from scbsim_testing.small_runs import assert_same, run_spec

from scbsim import load, simulate
from scbsim.observables import NAMES
from scbsim.spec import RunSpec

STAGES = [{"steps": 12, "rule": "sgd", "until_signal": 0.105, "normalize_level": 0.1}, {"steps": 9}]
EVERY = "output.normalized_every=3"


def normalized(run, i):
    return [float(run[f"normalized_{name}"][i]) for name in NAMES]


@pytest.fixture(scope="module")
def spec():
    """Two stages, the first of which ends on its signal and normalises."""
    return run_spec(EVERY, stages=STAGES)


@pytest.fixture(scope="module")
def done(spec, tmp_path_factory):
    path = tmp_path_factory.mktemp("along") / "run.h5"
    return simulate(spec, output=path)


def test_there_is_a_row_at_every_multiple_and_one_for_every_end(done):
    first, last = done["stage_end"].values.tolist()
    steps = [*range(0, first + 1, 3), first, *range(first + 3 - first % 3, last + 1, 3), last]
    assert done["normalized_step"].values.tolist() == steps
    stages = [0] * (first // 3 + 2)
    assert done["normalized_stage"].values.tolist() == stages + [1] * (len(steps) - len(stages))


def test_a_row_is_the_end_of_a_run_that_ends_there():
    whole = simulate(run_spec("output.normalized_every=5", steps=12))
    for i, steps in enumerate((5, 10), start=1):
        ended = simulate(run_spec(steps=steps))
        assert int(whole["normalized_step"][i]) == steps
        assert normalized(whole, i) == normalized(ended, -1)


def test_nothing_else_changes(done, spec):
    without = simulate(run_spec(stages=STAGES))
    for name in ("step", "stage", *NAMES):
        np.testing.assert_array_equal(done[name], without[name])
    ends = [list(done["normalized_step"]).index(done["stage_end"][0]), -1]
    assert [normalized(done, i) for i in ends] == [normalized(without, i) for i in (0, 1)]


def test_in_memory_and_in_a_file(done, spec):
    assert_same(simulate(spec), done)


@pytest.mark.parametrize("blocks", [1, 2, 4, 6])
def test_a_stopped_run_goes_on_to_the_same_rows(done, spec, tmp_path, monkeypatch, blocks):
    monkeypatch.setattr("scbsim.run.loop._next_pace", lambda *_: 2)
    path = tmp_path / "run.h5"
    answers = iter([False] * blocks + [True])
    assert simulate(spec, output=path, stop=lambda: next(answers)).attrs["status"] == "stopped"
    assert 0 < load(path).sizes["normalization"] < done.sizes["normalization"]
    assert_same(simulate(spec, output=path, resume=True), done)


@pytest.mark.parametrize("steps", [9, 10])
def test_a_longer_last_stage(tmp_path, steps):
    """The row of the first end goes; that of a multiple there stays."""
    path = tmp_path / "run.h5"
    simulate(run_spec(EVERY, steps=steps), output=path)
    assert_same(
        simulate(run_spec(EVERY, steps=14), output=path, resume=True),
        simulate(run_spec(EVERY, steps=14)),
    )


def test_real_batches(tmp_path):
    words = ("dynamics.engine=batch", "dynamics.batch_size=50", "dynamics.rule=sgd")
    run = simulate(run_spec(*words, "output.normalized_every=4", steps=8))
    assert run["normalized_step"].values.tolist() == [0, 4, 8, 8]
    assert normalized(run, 2) == normalized(run, 3)


def test_entries_are_drawn_for_it():
    run = simulate(run_spec("dynamics.engine=auto", "dynamics.rule=sgd", EVERY))
    assert run.attrs["engine"] == "collapsed"
    assert np.isfinite(run["normalized_delta_A"].values).all()


def test_a_spec_without_it_is_what_it_was(spec):
    assert "normalized_every" not in run_spec().to_dict()["output"]
    assert spec.to_dict()["output"]["normalized_every"] == 3
    assert RunSpec.from_dict(spec.to_dict()) == spec
