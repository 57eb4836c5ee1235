"""Whole runs: tasks of one's own, runs without noise, and what the presets promise."""

from __future__ import annotations

import json
import tomllib

import h5py
import numpy as np
import pytest
from scbsim_testing.small_runs import TASK, assert_same, rows, run_spec

from scbsim import Task, presets, simulate
from scbsim.errors import TaskError
from scbsim.observables import NAMES
from scbsim.spec import RunSpec

RULES = ("sgd", "prox", "denoise")


# Tasks.


def test_a_task_of_one_s_own(tmp_path):
    drawn = Task.random(**TASK)
    assert_same(simulate(run_spec(), task=drawn), simulate(run_spec()))
    own = Task.random(**{**TASK, "seed": 2})
    path = tmp_path / "run.h5"
    run = simulate(run_spec(), task=own, output=path)
    assert (run.attrs["K_P"], run.attrs["K_Q"]) == (own.K_P, own.K_Q)
    with h5py.File(path) as file:
        np.testing.assert_array_equal(file["task/P"][()], own.P)


def test_the_provenance_says_where_the_task_is_from(tmp_path):
    def source(run):
        return json.loads(run.attrs["provenance"])["task"]

    path = tmp_path / "run.h5"
    drawn = simulate(run_spec(), output=path)
    read = run_spec().to_dict() | {"task": {"from": str(path)}}
    assert source(drawn) == "drawn"
    assert source(simulate(RunSpec.from_dict(read))) == "read"
    given = simulate(run_spec(), task=Task.random(**TASK), output=tmp_path / "given.h5")
    assert source(given) == "given"


@pytest.mark.parametrize("wrong", [("N",), ("T",), ("Q",), ("N", "T", "Q")])
def test_a_task_of_other_sizes(wrong, tmp_path):
    sizes = {"N": 7, "T": 61, "Q": 3}
    other = Task.random(**{**TASK, **{name: sizes[name] for name in wrong}})
    path = tmp_path / "run.h5"
    with pytest.raises(TaskError) as caught:
        simulate(run_spec(), task=other, output=path)
    found = {fault.key: fault.problem for fault in caught.value.faults}
    assert found == {
        f"task.{name}": f"{TASK[name]} in the spec, {sizes[name]} in the task given"
        for name in wrong
    }
    assert not path.exists()


# Without noise.


def without_noise(*words, rule, engine="auto", threshold=0.002, steps=60):
    stages = [{"steps": steps, "normalize_level": 0.2, "threshold": threshold}, {"steps": 5}]
    stages[1]["threshold"] = threshold
    return run_spec(
        *words,
        "noise.model=none",
        f"dynamics.engine={engine}",
        f"dynamics.rule={rule}",
        stages=stages,
    )


@pytest.mark.parametrize("rule", RULES)
def test_without_noise_it_is_the_population_process(rule):
    chosen = simulate(without_noise(rule=rule))
    assert chosen.attrs["engine"] == "population"
    assert "no noise" in json.loads(chosen.attrs["provenance"])["engine_why"]
    assert_same(chosen, simulate(without_noise(rule=rule, engine="population")))
    for precision in ("float32", "float64"):
        word = f"dynamics.precision={precision}"
        dense = simulate(without_noise(word, rule=rule, engine="dense"))
        assert dense.attrs["engine"] == "dense"
        np.testing.assert_allclose(rows(dense), rows(chosen), rtol=1e-9, atol=1e-12)
        for name in NAMES:
            at_ends = (run[f"normalized_{name}"].values for run in (dense, chosen))
            np.testing.assert_allclose(*at_ends, rtol=1e-9, atol=1e-12)


def test_the_population_process_keeps_the_matrix_that_is_asked_for(tmp_path):
    finals = {}
    for engine in ("population", "dense"):
        path = tmp_path / f"{engine}.h5"
        simulate(without_noise("dynamics.value=matrix", rule="sgd", engine=engine), output=path)
        with h5py.File(path) as file:
            finals[engine] = file["final/W"][0]
    assert finals["population"].size > 0
    np.testing.assert_allclose(*finals.values(), rtol=1e-12, atol=1e-15)


def test_the_population_process_is_that_of_a_noisy_spec_too():
    quiet, noisy = (
        simulate(run_spec("dynamics.engine=population", f"noise.model={model}", stages=stages))
        for model, stages in [
            ("none", [{"steps": 20, "threshold": 3.0 / (1e5 / 6) ** 0.5}]),
            ("isotropic", [{"steps": 20, "threshold_sigmas": 3.0}]),
        ]
    )
    np.testing.assert_allclose(rows(noisy), rows(quiet), rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("rule", RULES)
def test_no_context_is_too_long_without_noise(rule):
    words = (f"task.T={10**12}", "task.q_concentration=inf")
    run = simulate(without_noise(*words, rule=rule, threshold=0.0, steps=2000))
    assert (run.attrs["T"], run.attrs["status"]) == (10**12, "complete")
    assert float(run["dist_A"][-1]) < 1e-3
    assert float(run["dist_V"][-1]) < 1e-3
    last = run.isel(step=-1)
    assert float(last["alpha_A"] * last["alpha_V"]) == pytest.approx(1.0, abs=1e-6)


# The presets of minutes are for figures; these two are for a first look.


def preset(name, *words):
    return RunSpec.from_dict(tomllib.loads(presets.text(name)), overrides=words)


@pytest.mark.parametrize("seed", [0, *(pytest.param(s, marks=pytest.mark.slow) for s in (1, 2))])
@pytest.mark.parametrize(("name", "far_V"), [("quickstart", 0.15), ("two-stage", 0.1)])
def test_the_l1_rule_recovers_the_truth(name, far_V, seed):
    run = simulate(preset(name, f"seed={seed}"), threads=1)
    assert run.attrs["status"] == "complete"
    last = run.isel(normalization=-1)
    assert int(last["normalized_count"]) == 0
    assert float(last["normalized_dist_A"]) < 0.05 * run.attrs["K_Q"] ** 0.5
    assert float(last["normalized_dist_V"]) < far_V * run.attrs["K_P"] ** 0.5
    assert float(last["normalized_sim_A"]) > 0.999


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_what_the_l1_rule_is_worth(seed):
    words = (f"dynamics.rule={rule}" for rule in ("prox", "sgd"))
    l1, sgd = (simulate(preset("quickstart", f"seed={seed}", word), threads=1) for word in words)
    assert float(l1["delta_A"][-1]) < 0.05 * float(sgd["delta_A"][-1])
    assert float(l1["loss"][-1]) < float(sgd["loss"][-1])
    # Noise beyond the signal, and no truth; the l1 rule, normalised, comes within a few percent.
    root = sgd.attrs["K_Q"] ** 0.5
    assert float(sgd["delta_A"][-1]) > 2.0 * float(sgd["alpha_A"][-1]) * root
    assert float(l1["delta_A"][-1]) < 0.1 * float(l1["alpha_A"][-1]) * root
    assert float(sgd["sim_A"][-1]) < 0.5
    assert float(l1["normalized_dist_A"][-1]) < 0.05 * root


def test_two_stages_find_a_signal_and_take_the_noise_away():
    run = simulate(preset("two-stage"), threads=1)
    assert run["stage_reason"].values.tolist() == ["signal", "steps"]
    between = run.sel(step=int(run["stage_end"][0]))
    assert 50 < int(between["step"]) < 200, "about a hundred steps"
    assert float(between["delta_A"]) > float(between["alpha_A"]) * run.attrs["K_Q"] ** 0.5
    assert float(run["delta_A"][-1]) < 0.1 * float(between["delta_A"])
    assert run["normalized_step"].values.tolist() == [int(run["stage_end"][1])] * 2
