"""`scbsim benchmark` and `scbsim estimate`, as they are typed."""

import json

import pytest
from scbsim_testing.made_up_rates import made_up

from scbsim.benchmark import measure as measuring
from scbsim.benchmark.cases import case_of

AXES = ("--x", "task.T=1e2:1e3:2log", "--y", "dynamics.batch_size=1e4:1e6:2log")


@pytest.fixture
def quick(monkeypatch, tmp_path):
    cases = {"without entries": lambda _: [case_of("collapsed", 3, 50, rule="sgd")]}
    monkeypatch.setattr(measuring, "PARTS", cases)
    monkeypatch.setattr(measuring, "_files", lambda *_: None)
    monkeypatch.setattr(measuring, "token_rows", lambda *_, **__: [])
    monkeypatch.setattr("scbsim.kernels.compile.jit.CACHE_FOLDER", tmp_path)
    return tmp_path


def test_benchmark_prints_a_table_and_compares(scbsim, quick):
    ended = scbsim("benchmark", "--small", "--threads", 1, "--json", quick / "b.json")
    assert ended.exit_code == 0, ended.output
    lines = ended.stdout.splitlines()
    assert any(line.split()[:2] == ["normals,", "float32"] for line in lines)
    assert "measuring words and normals" in ended.stderr
    assert "note: small sizes" in ended.stdout
    assert json.loads((quick / "b.json").read_text())["complete"]
    # Small sizes are no rates.
    assert list(quick.glob("rates-*")) == []
    found = json.loads((quick / "b.json").read_text())
    found["settings"]["cpu"] = "another CPU"
    (quick / "b.json").write_text(json.dumps(found))
    ended = scbsim("benchmark", "--small", "--threads", 1, "-q", "--against", quick / "b.json")
    assert "fast as there" in ended.stdout
    assert "differs: cpu: another CPU there" in ended.stdout
    assert ended.stderr == ""


def test_an_interrupted_benchmark_prints_what_it_has(scbsim, quick, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(measuring, "_steps", interrupted)
    ended = scbsim("benchmark", "--small", "--threads", 1)
    assert ended.exit_code == 75
    assert "words, 32 bits" in ended.stdout
    assert "note: interrupted" in ended.stdout


def test_rates_are_kept_for_estimates(scbsim, quick, monkeypatch):
    others = made_up(0.0).others | {"start_seconds": 1.0}
    monkeypatch.setattr(measuring, "_files", lambda found, _: found.others.update(others))
    monkeypatch.setattr(measuring, "SECONDS", 0.001)
    monkeypatch.setattr(measuring, "bandwidth", lambda *_, **__: 1e9)
    ended = scbsim("benchmark", "--threads", 1)
    assert "estimates of this machine use these numbers" in ended.stdout
    assert len(list(quick.glob("rates-*.json"))) == 1
    words = ("figure5-n100-sgd", "--set", "task.T=1000")
    found = json.loads(scbsim("estimate", *words, "--json").stdout)
    assert found["engine"] == "collapsed"
    assert "kernels of 8 are not compiled yet" in found["notes"][0]
    for kernel in ("observe_collapsed", "advance_collapsed", "sum_draw", "sum_kept"):
        (quick / f"some.{kernel}-0123.nbc").touch()
    (fewer,) = json.loads(scbsim("estimate", *words, "--json").stdout)["notes"]
    assert fewer.startswith(f"{int(found['notes'][0].split()[0]) - 4} kernels of ")
    assert found["seconds_parts"]["start"] == 1.0


def test_estimate_prints_everything(scbsim):
    ended = scbsim("estimate", "quickstart", "--set", "stage.0.steps=1000")
    assert ended.exit_code == 0, ended.output
    heads = [line.split()[0] for line in ended.stdout.splitlines()]
    assert heads[:6] == ["engine", "step", "time", "memory", "disk", "slurm"]
    assert "1000 steps" in ended.stdout
    assert "--cpus-per-task=1" in ended.stdout


def test_estimate_sums_sweeps_and_phase_diagrams(scbsim):
    ended = scbsim("estimate", "sweep")
    assert ended.stdout.startswith("runs     6: 3 collapsed, 3 sparse")
    assert "slurm    --array=0-5 --time=0:10:00 --mem=512M --cpus-per-task=1" in ended.stdout
    ended = scbsim("estimate", "phase", *AXES, "--json")
    assert json.loads(ended.stdout)["runs"] == 8
    for words in AXES[:2], ("--replicas", "5"):
        result = scbsim("estimate", "phase", *words)
        assert result.exit_code == 2
        assert f"{words[0]} is of a phase diagram, which needs" in result.stderr


def test_estimate_has_an_upper_limit_for_a_boundary(scbsim):
    found = ("--find", "dynamics.batch_size=1e4:1e6:9log", "--replicas", "2", "--json")
    of_study = scbsim("estimate", "boundary-theorem", "--set", "stage.0.steps=1", *found)
    assert of_study.exit_code == 0, of_study.output
    assert "an upper limit" in of_study.stdout
    one = scbsim("estimate", "phase", "--along", "task.T=1e3:1e5:2log", *found)
    assert json.loads(one.stdout)["runs"] <= 2 * 3 * 9
    assert "needs --x and --y" in scbsim("estimate", "phase", "--replicas", "2").stderr
    both = scbsim("estimate", "phase", "--x", "task.T=1e3:1e5:2log", "--find", "task.Q=1,2")
    assert (both.exit_code, both.stdout) == (2, "")
    rules = scbsim("estimate", "boundary-noise", "--rules", "sgd")
    assert rules.exit_code == 2
    assert "--rules is of a phase diagram" in rules.stderr


@pytest.mark.parametrize("words", [("boundary-noise",), ("phase", *AXES)])
def test_estimate_takes_threads_for_runs_only(scbsim, words):
    ended = scbsim("estimate", *words, "--threads", "2")
    assert ended.exit_code == 2
    assert "--threads is of runs" in ended.stderr


def test_estimate_says_every_fault_of_a_spec(scbsim):
    ended = scbsim("estimate", "quickstart", "--set", "task.N=0", "--set", "stage.0.steps=-1")
    assert ended.exit_code == 2
    assert "task.N" in ended.stderr
    assert "stage.0.steps" in ended.stderr
