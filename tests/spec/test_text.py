"""Overrides as after --set, TOML and JSON."""

from __future__ import annotations

import copy
import math

import pytest
from scbsim_testing.small_specs import SMALL, faults

from scbsim.errors import InputError, OutputError, SpecError
from scbsim.spec import (
    RunSpec,
)


def test_overrides_reach_every_kind_of_key():
    spec = RunSpec.from_dict(
        SMALL,
        overrides=[
            "seed=7",
            "task.N=1_000",
            "dynamics.rule=denoise",
            'dynamics.precision="float64"',
            "noise.sigma_A = 2",
            "output.final_state=false",
            "task.q_concentration=inf",
            "stage.0.steps=1e3",
            "stage.1.steps=10",
            "stage.1.rule=sgd",
            "stage.2={steps = 3}",
        ],
    )
    assert (spec.seed, spec.task.N, spec.task.q_concentration) == (7, 1000, math.inf)
    assert (spec.dynamics.rule, spec.dynamics.precision) == ("denoise", "float64")
    assert (spec.noise.sigma_A, spec.output.final_state) == (2.0, False)
    assert [stage.steps for stage in spec.stage] == [1000, 10, 3]
    assert spec.rule_of(1) == "sgd"


def test_overrides_leave_what_they_were_given_alone():
    tables = copy.deepcopy(SMALL)
    RunSpec.from_dict(tables, overrides=["stage.0.steps=9", "stage.1.steps=9", "task.N=9"])
    assert tables == SMALL


@pytest.mark.parametrize(
    ("words", "key", "said"),
    [
        ("stage.0.rate_A", "stage.0.rate_A", "key=value"),
        ("=3", "", "not a key"),
        ("task..N=3", "task..N", "not a key"),
        ("stage.2.steps=3", "stage.2.steps", "1 adds one"),
        ("stage.-1.steps=3", "stage.-1.steps", 'there is no stage "-1"'),
        ("stage.first.steps=3", "stage.first.steps", 'there is no stage "first"'),
        ("stage.²=3", "stage.²", "there is no stage"),
        ("task.N.x=3", "task.N.x", "`task.N` is a value"),
        ("stage.0.rate_a=3", "stage.0.rate_a", "did you mean `rate_A`?"),
        ("stage.1.rate_A=3", "stage.1.steps", "missing"),
        ("tsak.N=3", "tsak", "did you mean `task`?"),
        ('seed=""', "seed", '"" is not allowed'),
        ("seed=.5", "seed", '".5" is not allowed'),
        ("seed=1\nnoise = 3", "seed", "is not allowed"),
        ("seed=" + "[" * 9999, "seed", "is not allowed"),
        ("seed=" + "9" * 9999, "seed", "is not allowed"),
    ],
)
def test_bad_overrides(words, key, said):
    found = faults(SMALL, words)
    assert list(found) == [key]
    assert said in found[key]


def test_replace():
    spec = RunSpec.from_dict(SMALL)
    assert spec.replace(**{"dynamics.rule": "sgd"}).rule_of(0) == "sgd"
    assert spec.replace(seed=3).seed == 3
    changed = spec.replace(**{"stage.0.threshold": 0.1, "stage.0.threshold_sigmas": None})
    assert (changed.stage[0].threshold, changed.stage[0].threshold_sigmas) == (0.1, None)
    for bad in ({"seed": -1}, {"seed.x": 1}):
        with pytest.raises(SpecError, match="seed"):
            spec.replace(**bad)
    assert spec == RunSpec.from_dict(SMALL)


def test_from_toml_names_the_file_and_resolves_from(tmp_path):
    path = tmp_path / "run.toml"
    path.write_text('[task]\nfrom = "../a.h5"\n[[stage]]\nsteps = 1e9\n')
    assert RunSpec.from_toml(path).task.from_ == str(tmp_path.parent / "a.h5")
    with pytest.raises(SpecError, match=r"run\.toml has 2 faults:"):
        RunSpec.from_toml(str(path), overrides=["seed=-1", "stage.0.steps=x"])


def test_a_byte_order_mark_is_no_fault(tmp_path):
    path = tmp_path / "run.toml"
    path.write_bytes(RunSpec.from_dict(SMALL).to_toml().encode("utf-8-sig"))
    assert RunSpec.from_toml(path) == RunSpec.from_dict(SMALL)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"seed = = 1", "line 1"),
        (b"\xff\xfe", "UTF-8"),
        (b"seed = " + b"9" * 9999, "not TOML"),
        (b"seed = " + b"[" * 99999, "not"),
    ],
)
def test_a_file_that_is_not_toml(tmp_path, content, said):
    path = tmp_path / "run.toml"
    path.write_bytes(content)
    with pytest.raises(SpecError, match=said) as caught:
        RunSpec.from_toml(path)
    assert str(path) in str(caught.value)


def test_files_that_cannot_be_read(tmp_path):
    for path, said in ((tmp_path / "none.toml", "no such file"), (tmp_path, "a folder")):
        with pytest.raises(OutputError, match=said):
            RunSpec.from_toml(path)
    with pytest.raises(InputError, match="not the path of a file"):
        RunSpec.from_toml("a\0b")


def test_from_json_of_what_is_none():
    for text in ("{", "[]", "[" * 99999):
        with pytest.raises(SpecError):
            RunSpec.from_json(text)
