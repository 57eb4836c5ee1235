import json

import pytest
import xarray as xr

SIZES = ("--set", "task.T=40", "--set", "stage.0.steps=6", "--set", "stage.1.steps=6")
SMALL = ("compare", "compare", "--replicas", 3, "--set", "task.N=4", *SIZES)


@pytest.mark.slow
def test_end_to_end(scbsim, tmp_path):
    first = scbsim(*SMALL, "-o", tmp_path / "out")
    assert first.exit_code == 0, first.output
    made = {path.name for path in (tmp_path / "out").iterdir()}
    runs = {"batch.h5", "isotropic.h5", "matched.h5"}
    assert made == runs | {"compare.h5", "compare.png", "compare.pdf", "compare.txt"}
    lines = first.stdout.splitlines()
    assert [line.split()[0] for line in lines[2:4]] == ["alpha_A", "alpha_V"]
    assert all(len(line) <= 80 and "…" not in line for line in lines[:11])
    with xr.open_dataset(tmp_path / "out" / "compare.h5", engine="h5netcdf") as found:
        assert f"sigma_A = {found.attrs['sigma_A']:g}" in first.stdout
        largest = 100 * found["largest_gap"].sel(gaussian="matched", observable="loss").item()
        row = next(line for line in lines if line.startswith("loss")).split()
        assert float(row[5]) == pytest.approx(largest, abs=0.5)
    again = scbsim(*SMALL, "-o", tmp_path / "out")
    assert again.stdout == first.stdout
    assert again.stderr.count("is finished: kept") == 3


@pytest.mark.slow
def test_runs_that_diverge_fit_into_the_table(scbsim, tmp_path):
    stage = 'stage=[{rule="sgd",steps=300,rate_A=30,rate_V=30}]'
    words = ("--replicas", 3, "--set", "task.N=4", "--set", "task.T=40", "--set", stage)
    result = scbsim("compare", "compare", *words, "-o", tmp_path)
    assert result.exit_code == 0, result.output
    table = result.stdout.splitlines()[:11]
    assert all(len(line) <= 80 and "…" not in line for line in table)
    assert "as in the spec" in result.stdout


@pytest.mark.slow
def test_options_reach_the_library(scbsim, tmp_path):
    words = ["--sigmas", "spec", "--set", "noise.sigma_A=0.25", "--threads", 1, "-q"]
    result = scbsim(*SMALL, "-o", tmp_path, *words)
    assert (result.exit_code, result.output) == (0, "")
    with xr.open_dataset(tmp_path / "compare.h5", engine="h5netcdf") as found:
        assert (found.attrs["sigma_A"], found.attrs["sigma_V"]) == (0.25, 1.0)
        assert json.loads(found.attrs["spec"])["dynamics"]["replicas"] == 3


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["compare", "--replicas", 1], "dynamics.replicas: 1 is not allowed"),
        (["quickstart"], "stage.0.threshold_sigmas: 4.0 sigmas need a noise level"),
        (["compar"], "did you mean compare?"),
        (["compare", "--sigmas", "no"], "Invalid value for '--sigmas'"),
        (["compare", "--set", "task.M=3"], "task.M: unknown key"),
        (["compare", "--threads", 4096], "threads: 4096 asked for"),
    ],
)
def test_wrong_words_are_named_and_make_nothing(scbsim, fails, tmp_path, words, said):
    result = scbsim("compare", *words, "-o", tmp_path / "out")
    assert said in fails(result, 2)
    assert not list(tmp_path.rglob("*.h5"))
