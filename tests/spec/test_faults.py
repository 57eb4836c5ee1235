"""What is wrong with a spec is said, all of it, with key, value and what is allowed."""

from __future__ import annotations

import math

import pytest
from scbsim_testing.small_specs import faults, small

from scbsim.errors import SpecError
from scbsim.spec import (
    RunSpec,
    StageSpec,
)


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
        ("stage.0.rate", "unknown key; did you mean `rate_A` or `rate_V`?"),
        ("noise.batch_size", "unknown key; it belongs in [dynamics] or [[stage]]"),
        ("noise.alpha_A", "unknown key; it belongs in [init]"),
        ("noise.rule", "unknown key; it belongs in [dynamics] or [[stage]]"),
        ("sigma_A", "unknown key; it belongs in [noise]"),
        ("stages", "unknown key; did you mean `stage`?"),
        ("task.n", "unknown key; did you mean `N`?"),
        ("noise.batchsize", "unknown key; did you mean `batch_size`, in [dynamics]?"),
        ("noise.xyzzy", "unknown key; [noise] takes model, sigma_A, sigma_V, every, covariances"),
    ],
)
def test_an_unknown_key_is_told_where_it_belongs(key, said):
    assert faults(small(**{key.replace(".", "__"): 1})) == {key: said}


def test_a_sweep_says_what_runs_it():
    found = faults(small(sweep={"product": {}}))
    assert list(found) == ["sweep"]
    assert "`scbsim sweep`" in found["sweep"]


def test_snapshots_are_of_this_release():
    assert RunSpec.from_dict(small(output__snapshot_every=10)).output.snapshot_every == 10
    assert set(faults(small(output__snapshot_every=-1))) == {"output.snapshot_every"}


@pytest.mark.parametrize(
    ("changes", "key", "said"),
    [
        ({"output__snapshot_every": 10}, "output.snapshot_every", "10 with 3 replicas"),
        ({"output__final_state": True}, "output.final_state", "true with 3 replicas"),
        ({"output__normalized_every": 10}, "output.normalized_every", "10 with 3 replicas"),
    ],
)
def test_ensembles_keep_no_states_and_say_what_to_do(changes, key, said):
    found = faults(small(dynamics__replicas=3, **changes))
    assert list(found) == [key]
    assert said in found[key]
    assert found[key].endswith("run the one that needs it alone, with dynamics.replica")
    RunSpec.from_dict(small(dynamics__replicas=1, **changes))
    RunSpec.from_dict(small(dynamics__replicas=3, output__final_state=False))


def test_noise_streams_end_somewhere():
    last = {"dynamics__replicas": 3, "dynamics__replica": 2**24 - 3}
    assert RunSpec.from_dict(small(**last)).dynamics.replicas == 3
    found = faults(small(**last | {"dynamics__replica": 2**24 - 2}))
    assert found == {
        "dynamics.replicas": "3 from dynamics.replica = 16777214 on end at 16777216; noise streams "
        "are numbered to below 2**24"
    }


@pytest.mark.parametrize(
    ("changes", "key", "said"),
    [
        ({"dynamics__value": "collapsed"}, "dynamics.value", "real batches need V as a matrix"),
        ({"dynamics__batch_size": 2**33}, "dynamics.batch_size", "up to 2**32"),
        ({"dynamics__engine": "softmax"}, "dynamics.rule", "sgd, vanilla"),
        (
            {"dynamics__engine": "softmax", "dynamics__rule": "sgd", "stage__0__rule": "denoise"},
            "stage.0.rule",
            "sgd, vanilla",
        ),
        ({"stage__0__threshold_sigmas": 4.0}, "stage.0.threshold_sigmas", "need a noise level"),
    ],
)
def test_what_real_batches_have_not(changes, key, said):
    real = {"dynamics__engine": "batch", "dynamics__batch_size": 9}
    given = real | ({} if "sigmas" in key else {"stage__0__threshold": 0.1}) | changes
    found = faults(small(**given))
    assert list(found) == [key]
    assert said in found[key]


@pytest.mark.parametrize("engine", ["batch", "softmax"])
def test_vanilla_is_for_real_batches(engine):
    words = {"dynamics__engine": engine, "dynamics__rule": "vanilla", "dynamics__batch_size": 9}
    assert RunSpec.from_dict(small(**words)).rule_of(0) == "vanilla"


@pytest.mark.parametrize(
    ("changes", "key", "said"),
    [
        ({"dynamics": {"engine": "sparse", "rule": "sgd"}}, "dynamics.rule", "nothing is sparse"),
        (
            {"dynamics__engine": "sparse", "stage": [{"steps": 5, "rule": "sgd"}]},
            "stage.0.rule",
            "nothing is sparse",
        ),
        ({"dynamics__engine": "collapsed"}, "dynamics.rule", '"prox" needs entries'),
        (
            {
                "dynamics": {"engine": "collapsed", "rule": "sgd"},
                "stage": [{"steps": 5, "normalize_level": 0.1}],
            },
            "stage.0.normalize_level",
            "no entries",
        ),
        (
            {"dynamics": {"engine": "collapsed", "rule": "sgd", "value": "matrix"}},
            "dynamics.value",
            'take "dense"',
        ),
        (
            {"dynamics__value": "collapsed", "output__snapshot_every": 5},
            "output.snapshot_every",
            "no snapshots of a V by its scalars",
        ),
    ],
)
def test_what_an_engine_does_not_do(changes, key, said):
    found = faults(small(**changes))
    assert list(found) == [key]
    assert said in found[key]


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
    assert set(faults(small(init={"from": "a.h5", "alpha_V": 0.1}))) == {"init.alpha_V"}
    engine = {"dynamics__engine": "population"}
    assert set(faults(small(init={"from": "a.h5"}, **engine))) == {"init.from"}
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
