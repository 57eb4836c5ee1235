import signal
import subprocess
import sys
import tomllib
from contextlib import nullcontext
from time import monotonic, sleep

import numpy as np
import pytest

import scbsim as package
from scbsim import RunSpec, load, presets, simulate
from scbsim.run.simulate import Ended
from scbsim.trajectory.views import spec_table_of


def test_writes_what_simulate_returns(scbsim, spec, tmp_path):
    path = tmp_path / "run.h5"
    result = scbsim("run", spec, "-o", path, "--threads", 1)
    assert result.exit_code == 0, result.output
    written, returned = load(path), simulate(RunSpec.from_toml(spec))
    for name in package.observables.NAMES:
        np.testing.assert_array_equal(written[name], returned[name])


def test_says_how_it_ended_and_what_to_type_next(scbsim, spec, tmp_path):
    path = tmp_path / "my run.h5"
    result = scbsim("run", spec, "-o", path)
    status, engine, signals, normalised, file, following = result.stdout.splitlines()
    assert engine.startswith("engine:     sparse, a step costs one thread about ")
    last = load(path).isel(step=-1)
    assert status.startswith("complete: 20 steps in ")
    assert status.endswith("by the sparse engine")
    assert f"alpha_A {float(last['alpha_A']):.4g}" in signals
    distance = load(path)["normalized_dist_A"].values[-1] / load(path).attrs["K_Q"] ** 0.5
    assert f"|A-Q|/sqrt(K_Q) {distance:.4g}" in normalised
    assert str(path) in file
    assert following.split() == ["next:", "scbsim", "plot", *f"'{path}'".split()]
    assert result.stderr == ""


def test_quiet_is_quiet(scbsim, spec, tmp_path):
    result = scbsim("run", spec, "-o", tmp_path / "run.h5", "--quiet")
    assert (result.exit_code, result.output) == (0, "")


def test_set_reaches_any_key(scbsim, spec, tmp_path):
    path = tmp_path / "run.h5"
    words = ["--set", "stage.0.steps=5", "--set", "dynamics.rule=sgd"]
    assert scbsim("run", spec, "-o", path, *words).exit_code == 0
    kept = spec_table_of(load(path))
    assert kept["dynamics"]["rule"] == "sgd"
    assert load(path)["step"].values[-1] == 5


def test_a_preset_runs_by_its_name(scbsim, tmp_path):
    path = tmp_path / "run.h5"
    small = ["--set", "task.T=100", "--set", "stage.0.steps=3"]
    assert scbsim("run", "quickstart", "-o", path, *small).exit_code == 0
    kept = RunSpec.from_json(load(path).attrs["spec"])
    whole = RunSpec.from_dict(tomllib.loads(presets.text("quickstart")))
    assert kept == whole.replace(**{"task.T": 100, "stage.0.steps": 3})


def test_nothing_is_overwritten_unless_asked(scbsim, fails, spec, done, tmp_path):
    path = tmp_path / "run.h5"
    path.write_bytes(done.read_bytes())
    said = fails(scbsim("run", spec, "-o", path, "--set", "seed=8"), 2)
    assert str(path) in said
    assert path.read_bytes() == done.read_bytes()
    assert scbsim("run", spec, "-o", path, "--set", "seed=8", "--overwrite").exit_code == 0
    assert spec_table_of(load(path))["seed"] == 8


def test_a_spec_is_never_overwritten_by_its_run(scbsim, fails, tmp_path, spec):
    path = tmp_path / "mine.toml"
    path.write_text(spec.read_text())
    fails(scbsim("run", path, "-o", path, "--overwrite"), 2)
    assert path.read_text() == spec.read_text()


def test_resume_and_overwrite_exclude_each_other(scbsim, fails, spec, tmp_path):
    assert "exclude" in fails(
        scbsim("run", spec, "-o", tmp_path / "x.h5", "--resume", "--overwrite"), 2
    )


def test_every_fault_of_a_spec_is_named(scbsim, fails, spec, tmp_path):
    words = ["--set", "stage.0.rate_A=-1", "--set", "task.N=1", "--set", "no.such=1"]
    said = fails(scbsim("run", spec, "-o", tmp_path / "x.h5", *words), 2)
    assert all(key in said for key in ("stage.0.rate_A", "task.N", "no"))
    assert not (tmp_path / "x.h5").exists()


@pytest.mark.parametrize("text", ["[task", "steps = 3", ""])
def test_a_file_that_is_no_spec(scbsim, fails, tmp_path, text):
    path = tmp_path / "bad.toml"
    path.write_text(text)
    assert str(path) in fails(scbsim("run", path, "-o", tmp_path / "x.h5"), 2)


def test_a_missing_spec(scbsim, fails, tmp_path):
    assert "no file none.toml" in fails(scbsim("run", "none.toml", "-o", tmp_path / "x.h5"), 2)


def test_a_file_where_a_folder_should_be(scbsim, fails, spec):
    assert str(spec) in fails(scbsim("run", spec, "-o", spec / "x.h5"), 2)


@pytest.mark.parametrize("quiet", [[], ["-q"]])
def test_a_run_that_diverges_is_a_result(scbsim, spec, tmp_path, quiet):
    path = tmp_path / "run.h5"
    rates = ["--set", "stage.0.rate_A=1e30", "--set", "stage.0.rate_V=1e30"]
    result = scbsim("run", spec, "-o", path, *rates, *quiet)
    assert result.exit_code == 0, result.output
    assert load(path).attrs["status"] == "diverged"
    said = result.stderr if quiet else result.stdout
    assert said.startswith("diverged after step ")


@pytest.mark.parametrize("quiet", [[], ["-q"]])
def test_a_stopped_run_is_status_75(scbsim, spec, tmp_path, monkeypatch, quiet):
    monkeypatch.setattr("scbsim.cli.signals.stopping", lambda: nullcontext(lambda: True))
    path = tmp_path / "run.h5"
    result = scbsim("run", spec, "-o", path, *quiet)
    assert result.exit_code == 75
    assert load(path).attrs["status"] == "stopped"
    said = result.stderr if quiet else result.stdout
    assert said.startswith("stopped on a signal at step 0, ")


@pytest.mark.parametrize(
    "number", [pytest.param(signal.SIGINT, marks=pytest.mark.slow), signal.SIGTERM]
)
def test_a_signal_stops_a_run_and_its_file_is_good(spec, tmp_path, number):
    path = tmp_path / "run.h5"
    line = [sys.executable, "-m", "scbsim", "run", str(spec), "-o", str(path)]
    line += ["--set", "stage.0.steps=1000000000", "-q"]
    running = subprocess.Popen(line, stderr=subprocess.PIPE, text=True)
    try:
        deadline = monotonic() + 120
        while monotonic() < deadline and not path.exists():
            sleep(0.05)
        running.send_signal(number)
        _, said = running.communicate(timeout=120)
    finally:
        running.kill()
    assert running.returncode == 75, said
    assert "stopped on a signal at step " in said
    run = load(path)
    assert run.attrs["status"] == "stopped"
    assert run["step"].values[-1] == run.sizes["step"] - 1


def test_resume_starts_where_there_is_no_file(scbsim, spec, tmp_path):
    assert scbsim("run", spec, "-o", tmp_path / "run.h5", "--resume").exit_code == 0
    assert load(tmp_path / "run.h5").attrs["status"] == "complete"


def test_resume_leaves_a_finished_file_alone(scbsim, spec, done):
    before = done.read_bytes()
    result = scbsim("run", spec, "-o", done, "--resume")
    assert (result.exit_code, result.stdout) == (0, f"{done} is finished: nothing to do\n")
    assert done.read_bytes() == before


def test_resume_of_another_spec_names_what_differs(scbsim, fails, spec, done):
    said = fails(scbsim("run", spec, "-o", done, "--resume", "--set", "seed=8"), 2)
    assert "seed is 3 there and 8 here" in said


def test_resume_of_a_partial_run_goes_on_to_the_end(scbsim, spec, tmp_path, monkeypatch, done):
    path = tmp_path / "run.h5"
    with monkeypatch.context() as patched:
        patched.setattr("scbsim.cli.signals.stopping", lambda: nullcontext(lambda: True))
        assert scbsim("run", spec, "-o", path).exit_code == 75
    result = scbsim("run", spec, "-o", path, "--resume")
    assert result.exit_code == 0
    assert result.stdout.startswith("complete: ")
    assert load(path).drop_attrs().identical(load(done).drop_attrs())


def test_options_reach_simulate(scbsim, spec, tmp_path, monkeypatch, done):
    path = tmp_path / "run.h5"
    path.write_bytes(done.read_bytes())
    given = {}

    def run_to_file(spec, output, **options):
        given.update(options, spec=spec, output=output)
        return Ended("complete")

    monkeypatch.setattr("scbsim.run.simulate.run_to_file", run_to_file)
    scbsim("run", spec, "-o", path, "--overwrite", "--threads", 2, "-q")
    assert given.pop("stop")() is False
    assert given == {
        "spec": RunSpec.from_toml(spec),
        "output": path,
        "progress": False,
        "overwrite": True,
        "resume": False,
        "threads": 2,
    }
