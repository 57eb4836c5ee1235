"""What the commands say of ensembles."""

import json

import numpy as np
import pytest

from scbsim import load

WORDS = ("--set", "dynamics.replicas=5")


@pytest.fixture(scope="module")
def ensemble(scbsim, spec, tmp_path_factory):
    path = tmp_path_factory.mktemp("ensemble") / "run.h5"
    result = scbsim("run", spec, "-o", path, *WORDS)
    assert result.exit_code == 0, result.output
    return path, result.stdout


@pytest.fixture(scope="module")
def mixed(scbsim, spec, tmp_path_factory):
    """Some replicas run away, and some are complete before they can."""
    path = tmp_path_factory.mktemp("mixed") / "run.h5"
    words = ("dynamics.batch_size=300", "dynamics.rule=sgd", "stage.0.rate_A=1", "stage.0.rate_V=1")
    sets = [part for word in (*words, "stage.0.steps=11") for part in ("--set", word)]
    result = scbsim("run", spec, "-o", path, *WORDS, *sets)
    assert result.exit_code == 0, result.output
    return path, result.stdout


def test_the_summary_has_medians(ensemble):
    path, said = ensemble
    run = load(path)
    assert said.splitlines()[0].startswith("complete: 20 steps")
    assert "5 complete; medians over 5 replicas follow" in said
    assert f"alpha_A {np.median(run['alpha_A'].values[:, -1]):.4g}" in said
    distance = np.median(run["normalized_dist_A"].values[:, -1]) / run.attrs["K_Q"] ** 0.5
    assert f"|A-Q|/sqrt(K_Q) {distance:.4g}" in said


def test_info(ensemble, scbsim):
    path, _ = ensemble
    shown = scbsim("info", path).stdout
    run = load(path)
    assert "5: 5 complete" in shown
    assert "medians over replicas" in shown
    assert "steps (5 replicas)" in shown
    assert "median step" in shown
    assert f"{np.median(run['loss'].values[:, -1]):.6g}" in shown
    said = json.loads(scbsim("info", path, "--json").stdout)
    assert (said["replicas"], said["replica_status"]) == (5, {"complete": 5})


def test_watch(ensemble, scbsim):
    shown = scbsim("watch", ensemble[0]).stdout.splitlines()
    assert shown[0].startswith("step 20/20  5 complete  alpha_A ")
    assert shown[-1] == "complete"


@pytest.mark.slow
def test_some_diverged(mixed, scbsim):
    path, said = mixed
    found = load(path)["replica_status"].values.tolist()
    diverged, complete = found.count("diverged"), found.count("complete")
    assert diverged > 0
    assert complete > 0
    assert f"{diverged} diverged" in said
    assert f"{complete} complete" in said
    last = scbsim("watch", path).stdout.splitlines()[-1]
    assert last.startswith("complete: ")
    assert f"{diverged} diverged" in last
    assert f"{diverged} diverged" in scbsim("info", path).stdout


@pytest.mark.slow
def test_plot(ensemble, mixed, done, scbsim, tmp_path):
    picture = tmp_path / "all.png"
    result = scbsim("plot", ensemble[0], mixed[0], done, "-o", picture)
    assert result.exit_code == 0, result.output
    assert picture.stat().st_size > 10_000


def test_finished_is_finished(ensemble, spec, scbsim):
    path, _ = ensemble
    result = scbsim("run", spec, "-o", path, *WORDS, "--resume")
    assert "is finished: nothing to do" in result.stdout


def test_a_longer_last_stage_says_what_to_do(ensemble, spec, scbsim, fails):
    path, _ = ensemble
    longer = scbsim("run", spec, "-o", path, *WORDS, "--resume", "--set", "stage.0.steps=30")
    assert "run a replica that is to go further alone, with dynamics.replica" in fails(longer, 2)


@pytest.mark.slow
def test_progress_counts_replicas(process, spec, tmp_path, monkeypatch):
    result = process("run", spec, "-o", tmp_path / "run.h5", *WORDS)
    assert result.returncode == 0
    assert result.stderr == ""
