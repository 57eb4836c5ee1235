"""What a spec takes, and what it gives back."""

from __future__ import annotations

import html
import math
import pickle
import re
import subprocess
import sys
import tomllib
from typing import Any

import numpy as np
import pytest
from scbsim_testing.small_specs import SMALL, TABLES, faults, small

from scbsim.spec import (
    RunSpec,
    StageSpec,
    TaskSpec,
)


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
            "value": "auto",
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
    assert list(real) == ["stage.0.threshold_sigmas"]
    assert "need a noise level" in real["stage.0.threshold_sigmas"]


def test_importing_the_spec_loads_nothing_numeric():
    heavy = ["numpy", "numba", "h5py", "scipy", "xarray", "matplotlib", "pandas"]
    code = f"import scbsim.spec, sys; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("table", TABLES)
def test_the_docstring_of_a_table_has_every_key(table):
    described = re.findall(r"^    ([\w, ]+) : ", table.__doc__, flags=re.MULTILINE)
    assert {name for names in described for name in names.split(", ")} == set(table.model_fields)


def test_how_a_spec_is_shown():
    spec = RunSpec.from_dict(small(dynamics__replicas=8, seed=3))
    assert repr(spec) == "RunSpec(N=10, T=100, Q=2: prox, 5 steps, 8 replicas, seed=3)"
    assert RunSpec.from_dict(tomllib.loads(str(spec))) == spec
    assert spec.to_toml() in html.unescape(spec._repr_html_())
    stages = [{"steps": 5, "rule": "sgd"}, {"steps": 7}]
    assert "sgd then prox, 12 steps" in repr(RunSpec.from_dict({**small(), "stage": stages}))
