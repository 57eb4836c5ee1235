"""A run whose l1 threshold erased its signal says so: which, at which step, and what to try."""

from __future__ import annotations

import json
import subprocess
import sys

import h5py
import numpy as np
import pytest

import scbsim
from scbsim import RunSpec, Task, simulate
from scbsim.engines.select import plan_of
from scbsim.storage.description import describe
from scbsim.trajectory.diagnosis import diagnosis

pytestmark = pytest.mark.filterwarnings("ignore::scbsim.errors.TaskWarning")

TASK = {"N": 6, "T": 200, "Q": 2, "P_concentration": 0.05, "seed": 1}
STEPS = 60


def spec_of(threshold=0.5, *, stages=None, alpha_A=0.1, **dynamics):
    return RunSpec.from_dict(
        {
            "task": TASK,
            "dynamics": {"batch_size": 1e6, **dynamics},
            "init": {"alpha_A": alpha_A},
            "stage": stages or [{"steps": STEPS, "threshold": threshold}],
        }
    )


def said(run):
    return run.attrs.get("diagnosis", "")


@pytest.mark.parametrize("engine", ["sparse", "dense", "batch"])
def test_an_erased_signal_is_told_with_its_level_and_its_step(engine, tmp_path):
    size = {"batch_size": 64} if engine == "batch" else {}
    run = simulate(spec_of(engine=engine, **size), output=tmp_path / "run.h5")
    alpha = run["alpha_A"].values
    step = int(run["step"][np.flatnonzero(alpha > 1e-3 * alpha.max())[-1] + 1])
    assert 0 < step < STEPS
    assert said(run).startswith(f"the l1 threshold erased the signal of A by step {step}. ")
    assert "It was 0.5 in stage 0, and the mean gradient at a support entry was at most" in said(
        run
    )
    assert "lower threshold" in said(run)


def test_the_gradient_that_it_names_is_that_of_the_model():
    spec = spec_of()
    run, task = simulate(spec), Task.from_spec(spec.task)
    alpha = run["alpha_A"].values
    row = np.flatnonzero(alpha > 1e-3 * alpha.max())[-1]
    pull = float(run["alpha_V"][row]) * task.K_P * task.q_weights.max()
    assert f"at most {pull:.3g}." in said(run)
    # And such a gradient is what the threshold has to be below.
    assert said(simulate(spec_of(threshold=pull / 5))) == ""


def test_a_signal_that_never_left_zero():
    assert said(simulate(spec_of(alpha_A=0.0))).startswith(
        "the l1 threshold kept the signal of A at 0. "
    )


def test_denoise_that_never_moved():
    assert said(simulate(spec_of(threshold=50.0, rule="denoise"))).startswith(
        "the l1 threshold kept A from moving. "
    )


@pytest.mark.parametrize("dynamics", [{}, {"rule": "denoise"}, {"rule": "sgd"}])
def test_a_run_that_learned_is_told_nothing(dynamics):
    sgd = dynamics.get("rule") == "sgd"
    stages = [{"steps": STEPS} | ({} if sgd else {"threshold": 1e-4})]
    run = simulate(spec_of(stages=stages, **dynamics))
    assert float(run["alpha_A"][-1]) > 0.1
    assert said(run) == ""


def test_the_stage_that_erased_it_is_named_not_the_last():
    stages = [
        {"steps": 5, "rule": "sgd"},
        {"steps": 40, "threshold_sigmas": 4000.0},
        {"steps": 5, "rate_A": 0.0, "threshold": 1e-6},
    ]
    found = said(simulate(spec_of(stages=stages)))
    assert " in stage 1, and " in found
    assert "(4000 sigma)" in found


def test_of_an_ensemble_how_many(tmp_path):
    run = simulate(spec_of(replicas=3), output=tmp_path / "run.h5")
    assert said(run).startswith(
        "the l1 threshold erased the signal of A in 3 of 3 replicas by step"
    )
    assert said(run) == said(simulate(spec_of(replicas=3)))


def test_pieces_of_a_column_say_what_the_whole_does(monkeypatch):
    spec = spec_of()
    run, task = simulate(spec), Task.from_spec(spec.task)
    columns = {name: run[name].values for name in ("step", "stage", "alpha_A", "alpha_V")}
    for piece in (1, 7, 1000):
        monkeypatch.setattr("scbsim.trajectory.diagnosis._CHUNK", piece)
        assert diagnosis(plan_of(spec, task), columns, run.sizes["step"]) == said(run) != ""


@pytest.mark.slow
def test_file_memory_info_and_summary_say_the_same(tmp_path):
    path = tmp_path / "run.h5"
    spec = spec_of()
    (tmp_path / "spec.toml").write_text(spec.to_toml())
    line = [sys.executable, "-m", "scbsim"]
    done = subprocess.run(
        [*line, "run", tmp_path / "spec.toml", "-o", path], capture_output=True, text=True
    )
    found = said(simulate(spec))
    assert found
    assert found in " ".join(done.stdout.split())
    assert said(scbsim.load(path)) == found
    with h5py.File(path) as file:
        assert file["trajectory/status"].attrs["diagnosis"].decode() == found
    asked = [*line, "info", path]
    assert found in " ".join(subprocess.run(asked, capture_output=True, text=True).stdout.split())
    content = subprocess.run([*asked, "--json"], capture_output=True, text=True).stdout
    assert json.loads(content)["diagnosis"] == found


def test_a_longer_last_stage_forgets_it(tmp_path):
    path = tmp_path / "run.h5"
    simulate(spec_of(), output=path)
    longer = spec_of(stages=[{"steps": 10**6, "threshold": 0.5}])
    run = simulate(
        longer, output=path, resume=True, stop=lambda: describe(path)["status"] == "running"
    )
    assert (run.attrs["status"], said(run)) == ("stopped", "")
