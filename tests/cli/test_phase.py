import json

import pytest
import xarray as xr

AXES = ("--x", "task.T=60,600,6000", "--y", "dynamics.batch_size=1e3:1e7:3log")


def attributes(folder):
    with xr.open_dataset(folder / "phase.h5", engine="h5netcdf") as found:
        return {name: json.loads(found.attrs[name]) for name in ("spec", "grid")}


def test_end_to_end(scbsim, spec, tmp_path):
    line = ("phase", spec, "-o", tmp_path / "out", *AXES, "--replicas", 4)
    first = scbsim(*line)
    assert first.exit_code == 0, first.output
    made = {path.name for path in (tmp_path / "out").iterdir()}
    assert made == {"phase.h5", "phase.png", "phase.pdf", "phase.txt"}
    lines = first.stdout.splitlines()
    assert [line.split()[0] for line in lines[2:4]] == ["sgd", "l1"]
    assert all(len(line) <= 80 and "…" not in line for line in lines[:6])
    assert lines[-3:] == [
        str(tmp_path / "out" / f"phase.{suffix}") for suffix in ("png", "pdf", "txt")
    ]
    again = scbsim(*line)
    assert again.stdout == first.stdout
    assert attributes(tmp_path / "out")["grid"] == {
        "x": "task.T=60,600,6000",
        "y": "dynamics.batch_size=1000,100000,10000000",
        "rules": "sgd,l1",
        "replicas": 4,
        "recovered": "sim_A >= 0.9",
    }


@pytest.mark.slow
def test_options_reach_the_library(scbsim, spec, tmp_path):
    words = ["--replicas", 2, "--rules", "l1", "--recovered", "sim_V > 0.5", "--threads", 1, "-q"]
    result = scbsim("phase", spec, "-o", tmp_path, *AXES, *words, "--set", "stage.0.steps=5")
    assert (result.exit_code, result.output) == (0, "")
    found = attributes(tmp_path)
    assert (found["grid"]["rules"], found["grid"]["recovered"]) == ("l1", "sim_V > 0.5")
    assert found["spec"]["stage"][0]["steps"] == 5


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "threshold"),
    [
        ([], {"threshold_sigmas": "auto"}),
        (["--set", "stage.0.threshold_sigmas=3"], {"threshold_sigmas": 3.0}),
    ],
)
def test_a_stage_that_names_no_threshold_takes_the_automatic_one(
    scbsim, spec, tmp_path, words, threshold
):
    line = ("phase", spec, "-o", tmp_path, *AXES, "--replicas", 1, "-q", *words)
    assert scbsim(*line).exit_code == 0
    (stage,) = attributes(tmp_path)["spec"]["stage"]
    assert {k: v for k, v in stage.items() if k.startswith("threshold")} == threshold


@pytest.mark.slow
def test_a_preset_will_do(scbsim, tmp_path):
    sizes = ("--set", "task.N=20", "--set", "stage.0.steps=3", "--set", "task.P_concentration=0.05")
    result = scbsim("phase", "phase", "-o", tmp_path, *AXES, *sizes, "--replicas", 1)
    assert result.exit_code == 0, result.output
    assert attributes(tmp_path)["spec"]["stage"][0]["threshold_sigmas"] == "auto"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--x", "task.T=5", "--y", "seed=1,2"], "task.T=5 does not rise"),
        (["--x", "task.T=1:9:x", "--y", "seed=1,2"], '"x" is not a finite number'),
        (["--x", "seed=1,2", "--y", "seed=1,2"], "x and y are both seed"),
        (["--x", "task.T=1,60", "--y", "seed=1,2"], "the point task.T=1, seed=1 under sgd"),
        ([*AXES, "--rules", "sgd,prox"], 'rules: "sgd,prox" is not allowed'),
        ([*AXES, "--recovered", "x"], "is no condition"),
        ([*AXES, "--replicas", "0"], "replicas: 0"),
        ([*AXES, "--set", "task.M=3"], "task.M: unknown key"),
        (["--x", "task.T=5,6"], "Missing option '--y'"),
    ],
)
def test_wrong_words_are_named_and_make_nothing(scbsim, spec, fails, tmp_path, words, said):
    result = scbsim("phase", spec, "-o", tmp_path / "out", *words)
    assert said in fails(result, 2)
    assert not (tmp_path / "out").exists()


def test_a_spec_that_is_not_there(scbsim, fails, tmp_path):
    assert "did you mean phase?" in fails(scbsim("phase", "phas", "-o", tmp_path, *AXES), 2)
