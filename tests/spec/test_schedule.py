"""Schedules in a spec: their forms, their values, and what is refused before a run begins."""

from __future__ import annotations

import tomllib

import numpy as np
import pytest
from scbsim_testing.small_specs import faults, small

from scbsim.spec import RunSpec, StageSpec
from scbsim.spec.difference import but_longer
from scbsim.spec.schedule import CHUNK, MOST_CHECKED, constant, extremes, schedule_of
from scbsim.spec.sweep import Sweep

DECAY = "0.1/(1 + t/100)"


def stage(**keys):
    return StageSpec(steps=keys.pop("steps", 11), **keys)


def test_the_values_of_each_form():
    t = np.arange(11)
    np.testing.assert_allclose(stage(rate_A=DECAY).values("rate_A"), 0.1 / (1 + t / 100))
    forms = {
        "linear": 0.2 - 0.015 * t,
        "cosine": 0.05 + 0.15 * (1 + np.cos(np.pi * t / 10)) / 2,
        "exponential": 0.2 * 0.25 ** (t / 10),
    }
    for kind, right in forms.items():
        values = stage(rate_V={kind: [0.2, 0.05]}).values("rate_V")
        np.testing.assert_allclose(values, right, rtol=1e-14)
        assert values[0] == 0.2
    np.testing.assert_array_equal(stage(threshold=3).values("threshold"), np.full(11, 3.0))
    assert np.isnan(stage(threshold_sigmas="auto").values("threshold_sigmas")).all()
    np.testing.assert_allclose(stage(rate_A="t/steps").values("rate_A"), t / 11)
    assert stage(steps=1, rate_A={"linear": [0.3, 0.1]}).values("rate_A").tolist() == [0.3]
    np.testing.assert_array_equal(
        stage(rate_A="max(5 - t, 1, 3)").values("rate_A"), np.maximum(5 - t, 3)
    )


def test_a_spec_with_schedules_is_read_back_from_every_form():
    keys = {"rate_A": DECAY, "rate_V": {"cosine": [0.1, 0]}, "batch_size": {"linear": [1e5, 1e6]}}
    spec = RunSpec.from_dict(small(stage__0__threshold_sigmas="4 + t/10"), overrides=())
    spec = spec.replace(**{f"stage.0.{key}": value for key, value in keys.items()})
    assert RunSpec.from_json(spec.to_json()) == spec
    assert RunSpec.from_dict(tomllib.loads(spec.to_toml())) == spec
    assert spec.stage[0].rate_V == "cosine(0.1, 0.0)"
    words = [f"stage.0.rate_A={DECAY}", 'stage.0.rate_V="0.1*exp(-t)"']
    words += ["stage.0.batch_size={linear=[1e5, 1e6]}"]
    other = RunSpec.from_dict(small(), overrides=words).stage[0]
    assert (other.rate_A, other.rate_V) == (DECAY, "0.1*exp(-t)")
    assert other.batch_size == spec.stage[0].batch_size
    assert "rate_A" in repr(other)
    assert RunSpec.from_dict(small()).to_dict()["stage"] == [
        {"steps": 5, "rate_A": 0.1, "rate_V": 0.1, "threshold_sigmas": 4.0}
    ]


def test_what_is_wrong_is_said_with_the_key_the_text_and_the_step():
    found = faults(
        small(
            stage__0__rate_A="0.1 - t/20",
            stage__0__rate_V="1/(t - 3)**2",
            stage__0__threshold_sigmas={"linear": [4, -1]},
            stage__0__batch_size="2 - t",
        )
    )
    assert found["stage.0.rate_A"].startswith('"0.1 - t/20" is -0.05 at t = 3; it must be finite')
    assert "is inf at t = 3" in found["stage.0.rate_V"]
    assert "is -1 at t = 4" in found["stage.0.threshold_sigmas"]
    assert "is 0 at t = 2; it must be 1 or more" in found["stage.0.batch_size"]
    found = faults(small(stage__0__rate_A="sqrt(-1)", stage__0__rate_V="9**9**9"))
    assert "nan at t = 0" in found["stage.0.rate_A"]
    assert "inf at t = 0" in found["stage.0.rate_V"]
    for wrong in ("fast", {"linear": [1]}, {"steps": [1, 2]}, {"linear": [1, "a"]}, {}, [1], True):
        assert "or a schedule" in faults(small(stage__0__rate_A=wrong))["stage.0.rate_A"]
    assert "whole number" in faults(small(stage__0__batch_size=1.5))["stage.0.batch_size"]
    exponential = {"exponential": [0, 1]}
    assert "nan at t = 1" in faults(small(stage__0__rate_A=exponential))["stage.0.rate_A"]


def test_real_batches_are_not_too_large():
    real = {"dynamics__engine": "batch", "dynamics__rule": "sgd", "dynamics__batch_size": 10}
    found = faults(small(**real, stage__0__batch_size={"linear": [1, 2**33]}))
    assert "each of which is drawn" in found["stage.0.batch_size"]
    assert (
        "each of which is drawn"
        in faults(small(**real, stage__0__batch_size=2**33))["stage.0.batch_size"]
    )
    RunSpec.from_dict(small(**real, stage__0__batch_size=2**32))


def test_a_value_does_not_depend_on_how_many_are_asked_for():
    schedule, steps = schedule_of("0.1*cos(t)**2*exp(-t/3000) + t**0.7"), 3 * CHUNK
    whole = schedule.values(0, steps, steps)
    for first, count in ((0, 1), (CHUNK - 1, 2), (17, 1), (5, 2 * CHUNK), (steps - 1, 1)):
        np.testing.assert_array_equal(
            schedule.values(first, count, steps), whole[first : first + count]
        )


def test_what_is_constant():
    assert constant("0.1", 7) == 0.1
    assert constant("0.1 + 0*t", 7) == 0.1
    assert constant("0.1 + t", 7) is None
    assert constant("0.1 + t", 1) == 0.1
    assert constant("1/4", MOST_CHECKED + 1) == 0.25
    assert constant("0.1 + 0*t", MOST_CHECKED + 1) is None


def test_extremes():
    assert extremes("abs(t - 3)", 11) == (0.0, pytest.approx(34 / 11), 7.0)


def test_of_a_long_stage_the_end_is_checked_as_well():
    steps = 2**39
    spec = small(stage__0__steps=steps, stage__0__rate_A=f"1 - t/({steps} - 2)")
    assert f"at t = {steps - 1}" in faults(spec)["stage.0.rate_A"]


def test_a_longer_last_stage_keeps_the_numbers_of_its_steps():
    def tables(steps, rate):
        return RunSpec.from_dict(small(stage__0__steps=steps, stage__0__rate_A=rate)).to_dict()

    assert but_longer(tables(9, DECAY), tables(5, DECAY)) == (4, [])
    for rate in ({"linear": [1, 2]}, "0.1*t/steps"):
        longer, different = but_longer(tables(9, rate), tables(5, rate))
        assert longer == 0
        assert different == ["stage.0.steps is 5 there and 9 here"]
        assert but_longer(tables(5, rate), tables(5, rate)) == (0, [])


def test_a_sweep_over_schedules():
    tables = small() | {"sweep": {"product": {"stage.0.rate_A": [0.1, DECAY, "linear(0.1, 0.2)"]}}}
    sweep = Sweep.from_dict(tables)
    found = [sweep.spec_of(run).stage[0].rate_A for run in sweep.runs]
    assert found == [0.1, DECAY, "linear(0.1, 0.2)"]
    assert len({run.name for run in sweep.runs}) == 3
