"""A spec whose task is known by K_P."""

from __future__ import annotations

import pytest
from scbsim_testing.small_specs import faults, small

from scbsim.errors import SpecError
from scbsim.spec import RunSpec


def test_K_P_stands_in_for_P_concentration():
    spec = RunSpec.from_dict(small(task__K_P=0.25))
    assert spec.task.K_P == 0.25
    said = spec.to_dict()["task"]
    assert "P_concentration" not in said
    assert said["K_P"] == 0.25
    assert RunSpec.from_dict(spec.to_dict()) == spec
    assert RunSpec.from_json(spec.to_json()) == spec
    assert "K_P" not in RunSpec.from_dict(small()).to_dict()["task"]


def test_one_of_the_two():
    found = faults(small(task__K_P=0.25, task__P_concentration=0.02))
    assert found == {"task.K_P": "together with P_concentration; give one of the two"}
    assert list(faults(small(task={"from": "a.h5", "K_P": 0.2}))) == ["task.K_P"]


@pytest.mark.parametrize("value", [-0.1, 1.0, float("nan"), float("inf"), True, "much"])
def test_K_P_is_a_share(value):
    assert "a number from 0 to below 1" in faults(small(task__K_P=value))["task.K_P"]


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("dynamics.value", "matrix"),
        ("dynamics.engine", "batch"),
        ("noise.model", "matched"),
        ("output.snapshot_every", 5),
    ],
)
def test_what_needs_P_is_a_fault(key, value):
    changes = {key.replace(".", "__"): value}
    with pytest.raises(SpecError) as caught:
        RunSpec.from_dict(small(task__K_P=0.25, **changes))
    said = [fault.problem for fault in caught.value.faults if fault.key == key]
    assert any("needs the matrix P, and task.K_P draws none" in problem for problem in said)


def test_what_needs_none_is_none():
    for changes in (
        {"output__final_state": True},
        {"dynamics__engine": "dense"},
        {"dynamics__value": "collapsed"},
    ):
        RunSpec.from_dict(small(task__K_P=0.25, **changes))
