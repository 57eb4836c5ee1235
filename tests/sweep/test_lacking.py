"""Runs of a sweep that lost their first rows count as complete, and are named."""

import json

import numpy as np
import pytest
from click.testing import CliRunner
from scbsim_testing.small_sweeps import collected, sweep_text

from scbsim import load, simulate
from scbsim.cli.main import cli
from scbsim.errors import RunWarning
from scbsim.spec.sweep import Sweep
from scbsim.storage.runfile.check import check
from scbsim.sweep.collect import collect
from scbsim.sweep.folder import SweepFolder
from scbsim.sweep.states import states

SAID = "lacks the rows of the steps before 8"


def scbsim(*words):
    result = CliRunner().invoke(cli, [str(word) for word in words])
    assert "Traceback" not in result.output, result.output
    return result


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Two runs, the second of which was damaged after step 7."""
    path = tmp_path / "s.toml"
    path.write_text(sweep_text('product = {"seed" = "0:2"}'))
    folder = SweepFolder.made(tmp_path / "d", Sweep.from_toml(path))
    whole, part = folder.sweep.runs
    for run in (whole, part):
        folder.prepared(run)
    simulate(folder.sweep.spec_of(whole), output=folder.output(whole))
    spec, output, looks = folder.sweep.spec_of(part), folder.output(part), iter(range(100))
    with monkeypatch.context() as patched:
        patched.setattr("scbsim.run.loop._next_pace", lambda *_: 1)
        simulate(spec, output=output, stop=lambda: next(looks) == 7)
    output.write_bytes(output.read_bytes()[:-5000])
    monkeypatch.setattr("scbsim.storage.checkpoint.resume.checked", lambda path, _stop: check(path))
    with pytest.warns(RunWarning, match="begins at step 7"):
        simulate(spec, output=output, resume=True)
    return folder


def test_status_counts_it_as_complete_with_a_note(folder):
    assert [(each.state, SAID in each.note) for each in states(folder)] == [
        ("complete", False),
        ("complete", True),
    ]
    said = scbsim("status", folder.path).stdout
    assert "2 runs: 2 complete" in said
    named = next(line for line in said.splitlines() if SAID in line)
    assert named.split()[:2] == ["seed=1", "complete"]
    assert "next: scbsim collect" in said
    runs = json.loads(scbsim("status", folder.path, "--json").stdout)["runs"]
    assert [SAID in run["note"] for run in runs] == [False, True]


@pytest.mark.parametrize("copy", [False, True])
def test_a_collection_names_it(folder, tmp_path, copy):
    with pytest.warns(RunWarning, match=r"2 runs without .*: seed=1 before step 8\.") as caught:
        collect(folder, tmp_path / "all.h5", copy=copy)
    assert len(caught) == 1
    found = collected(tmp_path / "all.h5")
    assert found["lacks_steps_before"].values.tolist() == [0, 8]
    assert found["status"].values.tolist() == [1, 1]
    with pytest.warns(RunWarning):
        alone = load(folder.output(folder.sweep.runs[1]))
    here = found.isel(seed=1, row=slice(0, alone.sizes["step"]))
    np.testing.assert_array_equal(here["step"], alone["step"])
    np.testing.assert_array_equal(here["loss"], alone["loss"])


def test_a_collection_of_whole_runs_warns_of_nothing(folder, tmp_path, recwarn):
    whole = SweepFolder.made(
        tmp_path / "e", Sweep.from_toml(tmp_path / "s.toml", ['sweep.product={"seed"=[0]}'])
    )
    run = whole.sweep.runs[0]
    whole.prepared(run)
    simulate(whole.sweep.spec_of(run), output=whole.output(run))
    recwarn.clear()
    collect(whole, tmp_path / "all.h5")
    assert not recwarn.list
    assert collected(tmp_path / "all.h5")["lacks_steps_before"].values.tolist() == [0]
