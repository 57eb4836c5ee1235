import tomllib

import pytest

from scbsim import RunSpec, load, presets
from scbsim.spec.sweep import Sweep


def test_lists_every_preset_with_what_it_is(scbsim):
    lines = scbsim("presets").stdout.splitlines()
    assert [line.split()[0] for line in lines] == presets.names()
    assert all(
        presets.describe(name) in line for name, line in zip(presets.names(), lines, strict=True)
    )


@pytest.mark.parametrize("name", presets.names())
def test_prints_a_preset_to_start_from(scbsim, tmp_path, name):
    result = scbsim("presets", name)
    assert result.stdout == presets.text(name)
    mine = tmp_path / "mine.toml"
    mine.write_text(result.stdout)
    tables = tomllib.loads(presets.text(name))
    if "boundary" in tables:
        return
    assert Sweep.from_toml(mine).to_json() == Sweep.from_dict(tables).to_json()
    if "sweep" not in tables:
        assert RunSpec.from_toml(mine) == RunSpec.from_dict(tables)


def test_an_unknown_name_is_wrong_input(scbsim, fails):
    assert "figure5-n100-l1" in fails(scbsim("presets", "figure5-n100-l2"), 2)


def test_the_sweep_works_as_it_says(scbsim, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sweep.toml").write_text(scbsim("presets", "sweep").stdout)
    done = scbsim("sweep", "sweep.toml", "-o", "runs", "--set", "stage.0.steps=20")
    assert (done.exit_code, "6 of 6 runs done" in done.stdout) == (0, True), done.output
    assert "6 runs: 6 complete" in scbsim("status", "runs").stdout
    assert scbsim("collect", "runs", "-o", "all.h5").exit_code == 0
    found = load("all.h5")
    assert dict(found["alpha_A"].sizes) == {"dynamics.rule": 2, "seed": 3, "step": 21}
    again = scbsim("sweep", "sweep.toml", "-o", "runs", "--set", "stage.0.steps=20")
    assert "6 of them were finished before" in again.stdout


@pytest.mark.slow
def test_the_name_of_a_preset_is_a_sweep_too(scbsim, tmp_path, fails):
    words = ("-o", tmp_path / "runs", "--set", "stage.0.steps=20", "--set", "sweep=")
    done = scbsim("sweep", "sweep", *words)
    assert (done.exit_code, "1 of 1 run done" in done.stdout) == (0, True), done.output
    said = fails(scbsim("sweep", "sweeep", "-o", tmp_path / "d"), 2)
    assert "there is no file sweeep, and no preset of that name; did you mean sweep?" in said
    assert not (tmp_path / "d").exists()


def test_a_sweep_is_not_run_as_one(scbsim, tmp_path, fails):
    said = fails(scbsim("run", "sweep", "-o", tmp_path / "run.h5"), 2)
    assert "this is a sweep: `scbsim sweep` runs it here, `scbsim submit` on a cluster" in said
    assert not (tmp_path / "run.h5").exists()
