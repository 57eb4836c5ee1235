"""Whatever is given, it is a spec or a spec error; every way out is a way in."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scbsim_testing.small_specs import TABLES

from scbsim.errors import SpecError
from scbsim.spec import (
    RunSpec,
)

positive = st.floats(1e-300, 1e300)
names = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1)
l1_stages = st.fixed_dictionaries(
    {"steps": st.integers(1, 2**40 - 1)},
    optional={
        "rate_A": st.floats(0, 1e300),
        "rule": st.sampled_from(["prox", "denoise"]),
        "threshold_sigmas": st.one_of(st.just("auto"), st.floats(0, 1e300)),
        "until_signal": positive,
        "normalize_level": st.floats(0, 1, exclude_min=True, exclude_max=True),
    },
)
stages = st.one_of(
    l1_stages,
    st.fixed_dictionaries({"steps": st.integers(1, 9), "threshold": st.floats(0, 1e9)}),
    st.just({"steps": 3, "rule": "sgd"}),
)
tasks = st.one_of(
    st.fixed_dictionaries(
        {"N": st.integers(2, 2**24 - 1), "T": st.integers(9, 2**53 - 1), "Q": st.integers(1, 9)},
        optional={
            "q_concentration": st.one_of(st.just(math.inf), positive),
            "seed": st.integers(0, 2**64 - 1),
        },
    ),
    st.fixed_dictionaries({"from": names}),
)
specs = st.fixed_dictionaries(
    {"task": tasks, "stage": st.lists(stages, min_size=1, max_size=3)},
    optional={
        "seed": st.integers(0, 2**64 - 1),
        "init": st.fixed_dictionaries(
            {"alpha_A": st.floats(allow_nan=False, allow_infinity=False)}
        ),
        "output": st.fixed_dictionaries({"final_state": st.sampled_from([True, False, "auto"])}),
    },
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(tables=specs)
def test_every_way_out_is_a_way_in(tmp_path, tables):
    spec = RunSpec.from_dict(tables, base_dir=tmp_path)
    assert RunSpec.from_dict(spec.to_dict()) == spec
    assert RunSpec.from_json(spec.to_json()) == spec
    json.loads(spec.to_json(), parse_constant=pytest.fail)
    path = tmp_path / "run.toml"
    path.write_text(spec.to_toml(), encoding="utf-8", newline="")
    assert RunSpec.from_toml(path) == spec
    assert spec.replace() == spec


known = st.sampled_from(sorted({key for table in TABLES for key in table.key_names()}))
keys = st.one_of(known, st.text(max_size=5), st.integers(), st.none())
leaves = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(0, 20),
    st.floats(),
    st.text(max_size=9),
    st.sampled_from(["auto", "sgd", "prox", "vanilla", "none", "batch", "inf", math.inf]),
    st.just(5000).map(lambda digits: 10**digits),
    st.binary(max_size=3),
    st.dates(),
    st.just(np.ones(2)),
)
garbage = st.recursive(
    leaves,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(keys, inner, max_size=6)),
    max_leaves=20,
)
shaped = st.fixed_dictionaries(
    {},
    optional={
        key: st.one_of(garbage, st.dictionaries(keys, leaves, max_size=6))
        for key in ("seed", "task", "dynamics", "noise", "init", "output", "sweep")
    }
    | {"stage": st.one_of(garbage, st.lists(st.dictionaries(keys, leaves, max_size=6)))},
)
words = st.one_of(
    st.text(max_size=12),
    st.builds(
        "{}={}".format,
        st.lists(st.one_of(known, st.sampled_from(["0", "1", "7", ""])), max_size=4).map(".".join),
        st.one_of(st.text(max_size=9), st.sampled_from(["1", "true", "{}", "[{}]", "nan", "'a'"])),
    ),
)


def attempt(make: Callable[..., RunSpec], /, *args: Any, **kwargs: Any) -> RunSpec | SpecError:
    try:
        return make(*args, **kwargs)
    except SpecError as error:
        return error


@pytest.mark.slow
@settings(max_examples=1000)
@given(tables=st.one_of(garbage, shaped), overrides=st.lists(words, max_size=3))
def test_whatever_is_given_it_is_a_spec_or_a_spec_error(tables, overrides):
    got = attempt(RunSpec.from_dict, tables, overrides=overrides)
    if isinstance(got, SpecError):
        assert got.faults
        assert all(fault.problem in str(got) for fault in got.faults)
    else:
        assert RunSpec.from_json(got.to_json()) == got


@given(table=st.dictionaries(st.one_of(known, st.text(max_size=5)), leaves, max_size=6))
def test_python_construction_raises_nothing_else_either(table):
    for make in TABLES:
        assert isinstance(attempt(make, **table), SpecError | make)
