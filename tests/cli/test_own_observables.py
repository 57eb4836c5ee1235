"""Observables of one's own on the command line."""

import json

import numpy as np
import pytest
from scbsim_testing.observed import written

import scbsim as package

SPEC = """
[task]
N = 6
T = 60
Q = 2
[dynamics]
engine = "dense"
batch_size = 1e5
[[stage]]
steps = 9
[output]
observe = ["mine.py:some", "mine.py:top"]
"""


@pytest.fixture
def spec(tmp_path, monkeypatch):
    """A spec in a folder that is not the current one, with its functions beside it."""
    folder = tmp_path / "specs"
    folder.mkdir()
    written(folder)
    path = folder / "run.toml"
    path.write_text(SPEC)
    monkeypatch.chdir(tmp_path)
    return path


def test_run_info_and_plot(scbsim, spec, tmp_path):
    assert scbsim("run", str(spec), "-o", "run.h5").exit_code == 0
    run = package.load("run.h5")
    assert run["top"].sizes == {"step": 10}
    shown = scbsim("info", "run.h5").output
    assert "Observables of your own" in shown
    assert "3 values" in shown
    assert "three entries [m]" in shown
    last = json.loads(scbsim("info", "run.h5", "--json").output)["observed"]["top"]["last"]
    assert last == float(run["top"][-1])
    assert scbsim("plot", "run.h5", "--only", "top").exit_code == 0
    assert (tmp_path / "run.png").stat().st_size > 0


def test_set_is_relative_to_the_spec(scbsim, spec):
    words = ("--set", "output.observe=mine.py:top")
    assert scbsim("run", str(spec), "-o", "run.h5", *words).exit_code == 0
    run = package.load("run.h5")
    assert "top" in run
    assert "some" not in run
    assert np.isfinite(run["top"]).all()


def test_faults_have_status_2_and_failures_1(scbsim, spec):
    ended = scbsim("run", str(spec), "-o", "run.h5", "--set", "output.observe=mine.py:tup")
    assert ended.exit_code == 2
    assert "output.observe: " in ended.output
    assert "has no function tup; did you mean top?" in ended.output
    spec.with_name("mine.py").write_text("def top(state):\n    return 1 / 0\n")
    ended = scbsim("run", str(spec), "-o", "run.h5", "--set", "output.observe=mine.py:top")
    assert ended.exit_code == 1
    assert "ZeroDivisionError in line 2 of" in ended.output
    later = "def top(state):\n    return 1 / (3 - state.step)\n"
    spec.with_name("mine.py").write_text(later)
    scbsim("run", str(spec), "-o", "run.h5", "--set", "output.observe=mine.py:top")
    said = " ".join(scbsim("info", "run.h5").output.split())
    assert "failed: the observable top after step 3. Mend the function; then" in said
    assert "goes on from step 0: there is no checkpoint" in said


def test_a_sweep_and_a_job_find_the_functions(scbsim, spec, tmp_path):
    spec.write_text(SPEC + '[sweep]\nproduct = {"seed" = "0:2"}\n')
    assert scbsim("submit", str(spec), "-o", "jobs", "--dry-run").exit_code == 0
    words = ("--set", "output.observe=mine.py:tup")
    for command in (("submit", "--dry-run"), ("sweep",)):
        ended = scbsim(command[0], str(spec), "-o", "none", *command[1:], *words)
        assert ended.exit_code == 2
        assert "has no function tup" in ended.output
    assert not (tmp_path / "none").exists()


@pytest.mark.slow
def test_a_sweep_observes_in_every_run(scbsim, spec):
    spec.write_text(SPEC + '[sweep]\nproduct = {"seed" = "0:2"}\n')
    assert scbsim("sweep", str(spec), "-o", "runs", "--jobs", "1").exit_code == 0
    assert scbsim("collect", "runs", "-o", "all.h5").exit_code == 0
    found = package.load("all.h5")
    assert found["top"].dims == ("seed", "step")
    assert np.isfinite(found["top"]).all()
