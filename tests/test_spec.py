"""The spec: what it takes, what it says of what it does not, and its ways in and out."""

from __future__ import annotations

import copy
import math
import pickle
import re
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scbsim.errors import InputError, OutputError, SpecError
from scbsim.spec import (
    DynamicsSpec,
    InitSpec,
    NoiseSpec,
    OutputSpec,
    RunSpec,
    StageSpec,
    TaskSpec,
)
from scbsim.spec.checks import NOT_IN_THIS_RELEASE

SMALL: dict[str, Any] = {"task": {"N": 10, "T": 100, "Q": 2}, "stage": [{"steps": 5}]}
TABLES = (RunSpec, TaskSpec, DynamicsSpec, NoiseSpec, InitSpec, StageSpec, OutputSpec)


def small(**changes: Any) -> dict[str, Any]:
    """The smallest spec, with some dotted keys (a double underscore for the dot) changed."""
    tables = copy.deepcopy(SMALL)
    for key, value in changes.items():
        *path, last = key.split("__")
        here: Any = tables
        for part in path:
            here = here[int(part)] if isinstance(here, list) else here.setdefault(part, {})
        here[last] = value
    return tables


def faults(tables: Any, *overrides: str) -> dict[str, str]:
    with pytest.raises(SpecError) as caught:
        RunSpec.from_dict(tables, overrides=overrides)
    assert caught.value.exit_status == 2
    for fault in caught.value.faults:
        assert str(fault) in str(caught.value)
    return {fault.key: fault.problem for fault in caught.value.faults}


# ---------------------------------------------------------------------------------- what it takes


def test_defaults_are_those_of_the_contract():
    assert RunSpec.from_dict(SMALL).to_dict() == {
        "seed": 0,
        "task": {
            "N": 10,
            "T": 100,
            "Q": 2,
            "mu": "uniform",
            "mu_concentration": 20.0,
            "P_concentration": 0.02,
            "q_concentration": 5.0,
            "seed": 0,
        },
        "dynamics": {
            "engine": "auto",
            "rule": "prox",
            "replicas": 1,
            "replica": 0,
            "batch_size": 50_000_000,
            "precision": "float32",
        },
        "noise": {"model": "isotropic", "sigma_A": 1.0, "sigma_V": 1.0},
        "init": {"alpha_A": 0.1, "alpha_V": 0.1},
        "stage": [{"steps": 5, "rate_A": 0.1, "rate_V": 0.1, "threshold_sigmas": 4.0}],
        "output": {
            "every": 1,
            "snapshot_every": 0,
            "final_state": "auto",
            "normalize_level": 0.1,
            "checkpoint_seconds": 60.0,
        },
    }


def test_python_and_toml_make_the_same_spec():
    made = RunSpec(
        task=TaskSpec(N=10, T=100, Q=2), dynamics={"batch_size": 5e7}, stage=[StageSpec(steps=5)]
    )
    assert made == RunSpec.from_dict(SMALL)
    assert hash(made) == hash(RunSpec.from_dict(SMALL))
    assert isinstance(made.stage, tuple)
    assert RunSpec.from_dict({"task": made.task, "stage": made.stage}) == made


@pytest.mark.parametrize("T", [10**12, 1e12, np.int64(10**12), 2**53 - 1])
def test_sizes_may_be_written_as_floats_and_be_large(T):
    task = RunSpec.from_dict(small(task__T=T)).task
    assert task.T == T
    assert type(task.T) is int


def test_numbers_of_numpy_become_plain_ones():
    spec = RunSpec.from_dict(small(noise__sigma_A=np.float32(0.5), seed=np.uint64(2**64 - 1)))
    assert type(spec.noise.sigma_A) is float
    assert type(spec.seed) is int
    assert spec.seed == 2**64 - 1


@pytest.mark.parametrize("inf", [math.inf, "inf"])
def test_q_concentration_may_be_inf(inf):
    assert RunSpec.from_dict(small(task__q_concentration=inf)).task.q_concentration == math.inf


@pytest.mark.parametrize("value", [True, False, "auto"])
def test_final_state_keeps_its_type(value):
    assert RunSpec.from_dict(small(output__final_state=value)).output.final_state is value


def test_rates_and_noise_may_be_zero():
    spec = RunSpec.from_dict(small(stage__0__rate_A=0, noise__sigma_A=0.0, noise__sigma_V=0))
    assert spec.stage[0].rate_A == 0.0


def test_stages_have_a_rule_and_the_run_a_length():
    spec = RunSpec.from_dict(
        small(stage=[{"steps": 1e3, "rule": "sgd"}, {"steps": 5}], dynamics__rule="denoise")
    )
    assert spec.stage[1].rule is None
    assert [spec.rule_of(i) for i in range(2)] == ["sgd", "denoise"]
    assert spec.total_steps == 1005


def test_specs_are_frozen_and_survive_pickling():
    spec = RunSpec.from_dict(SMALL)
    with pytest.raises(ValueError, match="frozen"):
        spec.seed = 3  # type: ignore[misc]
    assert pickle.loads(pickle.dumps(spec)) == spec


# -------------------------------------------------------------------------------------- threshold


def threshold(stage: dict[str, Any], **changes: Any) -> tuple[Any, Any]:
    made = RunSpec.from_dict(small(stage=[{"steps": 5} | stage], **changes)).stage[0]
    return made.threshold, made.threshold_sigmas


def test_a_stage_has_four_sigmas_unless_it_says_otherwise():
    assert threshold({}) == (None, 4.0)
    assert threshold({"threshold": 0.0}) == (0.0, None)
    assert threshold({"threshold_sigmas": "auto"}) == (None, "auto")
    assert threshold({"threshold_sigmas": 3}) == (None, 3.0)
    assert threshold({"rule": "sgd"}) == (None, None)
    assert threshold({"threshold": 0.1}, noise__model="none") == (0.1, None)


def test_a_rule_without_threshold_for_the_whole_run_leaves_the_stages_alone():
    # so that --set dynamics.rule=sgd compares a finished spec with sgd, noise or none
    for noise in ("isotropic", "none"):
        stages = {"stage": [{"steps": 5, "threshold_sigmas": 4.0}], "noise__model": noise}
        assert RunSpec.from_dict(small(dynamics__rule="sgd", **stages)).rule_of(0) == "sgd"


def test_threshold_faults():
    both = faults(small(stage=[{"steps": 5, "threshold": 1, "threshold_sigmas": 4}]))
    assert "one of the two" in both["stage.0.threshold"]
    idle = faults(small(stage=[{"steps": 5, "rule": "sgd", "threshold": 1}]))
    assert "no effect" in idle["stage.0.threshold"]
    for sigmas in ({}, {"threshold_sigmas": "auto"}, {"threshold_sigmas": 2}):
        quiet = faults(small(noise__model="none", stage=[{"steps": 5} | sigmas]))
        assert list(quiet) == ["stage.0.threshold_sigmas"]
        assert "give `threshold`" in quiet["stage.0.threshold_sigmas"]
    real = faults(small(dynamics__engine="batch"))
    assert "need a noise level" in real["stage.0.threshold_sigmas"]
    assert "dynamics.engine" in real


# ----------------------------------------------------------------------------------- single faults


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("seed", -1, "-1 "),
        ("seed", 2**64, "below 2**64"),
        ("seed", 0.5, "0.5 "),
        ("seed", None, "None "),
        ("seed", 1e19, "1e+19"),
        ("task.N", True, "true "),
        ("task.N", "10", '"10" '),
        ("task.N", 1, "from 2 to below 2**24"),
        ("task.N", 2**24, "from 2 to below 2**24"),
        ("task.T", 1, "from 2"),
        ("task.T", math.inf, "inf "),
        ("task.T", math.nan, "nan "),
        pytest.param("task.T", 10**5000, "a huge integer ", id="huge"),
        ("task.Q", 0, "from 1"),
        ("task.Q", 101, "more than the T = 100"),
        ("task.mu", "unifrom", 'did you mean "uniform"?'),
        ("task.q_concentration", math.nan, "above 0, or inf"),
        ("task.q_concentration", "-inf", "above 0, or inf"),
        ("task.P_concentration", math.inf, "a finite number above 0"),
        ("task.mu_concentration", 0, "a finite number above 0"),
        ("dynamics.engine", "dens", 'did you mean "dense"?'),
        ("dynamics.rule", "proximal", "sgd, prox, denoise, vanilla"),
        ("dynamics.rule", "vanilla", "real batches"),
        ("dynamics.batch_size", 0, "from 1"),
        ("dynamics.precision", "Float64", 'did you mean "float64"?'),
        ("dynamics.replica", -1, "from 0"),
        ("noise.sigma_A", -1e-9, "0 or more"),
        ("noise.sigma_V", [1.0], "[1.0] "),
        ("init.alpha_A", 10**400, "a finite number"),
        ("stage.0.steps", 0, "from 1"),
        ("stage.0.steps", 2**40, "below 2**40"),
        ("stage.0.rate_A", math.inf, "0 or more"),
        ("stage.0.rate_V", False, "false "),
        ("stage.0.rule", "vanilla", "real batches"),
        ("stage.0.threshold_sigmas", "car", 'or "auto"'),
        ("stage.0.until_signal", 0, "above 0"),
        ("stage.0.normalize_level", 1, "between 0 and 1"),
        ("output.normalize_level", 0, "between 0 and 1"),
        ("output.every", 0, "from 1"),
        ("output.final_state", 1, "true, false, auto"),
        ("output.checkpoint_seconds", "soon", "0 or more"),
    ],
)
def test_a_fault_names_key_value_and_what_is_allowed(key, value, said):
    found = faults(small(**{key.replace(".", "__"): value}))
    assert list(found) == [key]
    assert said in found[key]


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("stage.0.rate_a", "unknown key; did you mean `rate_A`?"),
        ("noise.batch_size", "unknown key; it belongs in [dynamics]"),
        ("noise.alpha_A", "unknown key; it belongs in [init]"),
        ("noise.rule", "unknown key; it belongs in [dynamics] or [[stage]]"),
        ("sigma_A", "unknown key; it belongs in [noise]"),
        ("stages", "unknown key; did you mean `stage`?"),
        ("task.n", "unknown key; did you mean `N`?"),
        ("noise.batchsize", "unknown key; did you mean `batch_size`, in [dynamics]?"),
        ("noise.xyzzy", "unknown key; [noise] takes model, sigma_A, sigma_V"),
    ],
)
def test_an_unknown_key_is_told_where_it_belongs(key, said):
    assert faults(small(**{key.replace(".", "__"): 1})) == {key: said}


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"dynamics__engine": "sparse"}, "dynamics.engine"),
        ({"dynamics__engine": "collapsed"}, "dynamics.engine"),
        ({"dynamics__replicas": 2}, "dynamics.replicas"),
        ({"noise__model": "matched"}, "noise.model"),
        ({"init__from": "a.h5"}, "init.from"),
        ({"output__snapshot_every": 10}, "output.snapshot_every"),
        ({"sweep": {}}, "sweep"),
    ],
)
def test_what_is_not_in_this_release_says_so(changes, key):
    assert key in {line[0] for line in NOT_IN_THIS_RELEASE}
    found = faults(small(**changes))
    assert list(found) == [key]
    assert "not in this release" in found[key]


def test_engines_outside_this_release_name_those_inside():
    said = faults(small(dynamics__engine="sparse"))["dynamics.engine"]
    assert said == 'engine "sparse" is not in this release; there are auto, dense, population'


def test_missing_things():
    assert set(faults({})) == {"task.N", "task.T", "task.Q", "stage"}
    assert set(faults({"task": {"N": 3}, "stage": [{}]})) == {"task.T", "task.Q", "stage.0.steps"}
    assert set(faults(small(stage=[]))) == {"stage"}


def test_tables_that_are_none():
    assert faults(small(noise=3)) == {"noise": "3 is not a table"}
    assert faults(small(stage=[{"steps": 5}, 7])) == {"stage.1": "7 is not a table"}
    assert "[[stage]]" in faults(small(stage={"steps": 5}))["stage"]
    assert "not a table" in faults([1])[""]


def test_from_stands_alone(tmp_path):
    spec = RunSpec.from_dict(small(task={"from": "a.h5"}), base_dir=tmp_path)
    assert spec.task.from_ == str(tmp_path / "a.h5")
    assert spec.to_dict()["task"] == {"from": str(tmp_path / "a.h5")}
    assert set(faults(small(task={"from": "a.h5", "N": 3, "seed": 0}))) == {"task.N", "task.seed"}
    assert set(faults(small(init={"from": "a.h5", "alpha_V": 0.1}))) == {
        "init.alpha_V",
        "init.from",
    }
    assert "path of a file" in faults(small(task={"from": 3}))["task.from"]
    assert "path of a file" in faults(small(task={"from": "a\0b"}))["task.from"]


def test_from_is_named_from_the_current_folder_unless_told(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert RunSpec.from_dict(small(task={"from": "b/../a.h5"})).task.from_ == str(tmp_path / "a.h5")


def test_every_fault_is_reported_at_once():
    tables = {
        "sede": 1,
        "task": {"N": 10, "T": 5, "Q": 8, "mu": "even"},
        "dynamics": {"engine": "sparse", "rule": "vanilla", "replicas": 0},
        "noise": {"model": "none", "sigma_A": -1, "batch_size": 5},
        "init": {"alpha_A": "big"},
        "stage": [
            {"rate_A": -1, "threshold": 1, "threshold_sigmas": 1},
            {"steps": 10, "rule": "prox"},
            "three",
        ],
        "output": {"every": 0},
        "sweep": {"product": {}},
    }
    assert set(faults(tables, "stage.9.steps=1", "oops")) == {
        "sede",
        "task.Q",
        "task.mu",
        "dynamics.engine",
        "dynamics.rule",
        "dynamics.replicas",
        "noise.sigma_A",
        "noise.batch_size",
        "init.alpha_A",
        "stage.0.steps",
        "stage.0.rate_A",
        "stage.0.threshold",
        "stage.1.threshold_sigmas",
        "stage.2",
        "output.every",
        "sweep",
        "stage.9.steps",
        "oops",
    }


def test_python_construction_raises_the_same_error():
    with pytest.raises(SpecError, match="rate_A: -1 is not allowed"):
        StageSpec(steps=1, rate_A=-1)
    with pytest.raises(SpecError) as caught:
        RunSpec(task={"N": 1}, stage=[{"steps": 1, "rate_A": -1}])
    assert {f.key for f in caught.value.faults} == {"task.N", "task.T", "task.Q", "stage.0.rate_A"}


# -------------------------------------------------------------------------------------- overrides


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
        ("stage.-1.steps=3", "stage.-1.steps", '"-1" is no stage'),
        ("stage.first.steps=3", "stage.first.steps", '"first" is no stage'),
        ("stage.²=3", "stage.²", "is no stage"),
        ("task.N.x=3", "task.N.x", "`task.N` is a value"),
        ("stage.0.rate_a=3", "stage.0.rate_a", "did you mean `rate_A`?"),
        ("stage.1.rate_A=3", "stage.1.steps", "missing"),
        ("tsak.N=3", "tsak", "did you mean `task`?"),
        ("seed=", "seed", '"" is not allowed'),
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


# ------------------------------------------------------------------------------------------ files


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


# ------------------------------------------------------------------------------------- properties

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


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(tables=specs)
def test_every_way_out_is_a_way_in(tmp_path, tables):
    spec = RunSpec.from_dict(tables, base_dir=tmp_path)
    assert RunSpec.from_dict(spec.to_dict()) == spec
    assert RunSpec.from_json(spec.to_json()) == spec
    assert "Infinity" not in spec.to_json()
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


@settings(deadline=None, max_examples=400)
@given(tables=st.one_of(garbage, shaped), overrides=st.lists(words, max_size=3))
def test_whatever_is_given_it_is_a_spec_or_a_spec_error(tables, overrides):
    got = attempt(RunSpec.from_dict, tables, overrides=overrides)
    if isinstance(got, SpecError):
        assert got.faults
        assert all(fault.problem in str(got) for fault in got.faults)
    else:
        assert RunSpec.from_json(got.to_json()) == got


@settings(deadline=None)
@given(table=st.dictionaries(st.one_of(known, st.text(max_size=5)), leaves, max_size=6))
def test_python_construction_raises_nothing_else_either(table):
    for make in TABLES:
        assert isinstance(attempt(make, **table), SpecError | make)


# ----------------------------------------------------------------------------------------- import


def test_importing_the_spec_loads_nothing_numeric():
    heavy = ["numpy", "numba", "h5py", "scipy", "xarray", "matplotlib", "pandas"]
    code = f"import scbsim.spec, sys; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("table", TABLES)
def test_the_docstring_of_a_table_has_every_key(table):
    described = re.findall(r"^    ([\w, ]+) : ", table.__doc__, flags=re.MULTILINE)
    assert {name for names in described for name in names.split(", ")} == set(table.model_fields)
