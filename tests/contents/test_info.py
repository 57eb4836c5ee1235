"""``scbsim info`` says what every file and folder of scbsim's is, in words and as JSON."""

from __future__ import annotations

import json

import pytest
from scbsim_testing.every_file import RUNS

from scbsim.cli.info import jsonable
from scbsim.contents import describe
from scbsim.contents.kinds import kind_of
from scbsim.errors import OutputError

FORMATS = {
    **dict.fromkeys((*RUNS, "scalars", "stopped"), "scbsim"),
    **dict.fromkeys(("copy", "view"), "scbsim-collection"),
    "samples": "scbsim-samples",
    "task": "task",
    "phase": "scbsim-phase",
    "boundary": "scbsim-boundary",
    "compare": "scbsim-compare",
    "checkpoint": "scbsim-checkpoint",
}
SAID = {
    "copy": ("a copy of what all runs", "3: 3 complete"),
    "samples": ("a file of samples", "samples", "25", "task.N"),
    "task": ("a file of a task", "task.K_P"),
    "phase": ("a phase diagram", "task.T=60,80", "complete"),
    "boundary": ("a boundary study", "curves.boundary.along", "complete"),
    "compare": ("a comparison", "largest_gap.matched.loss", "spec.task.N"),
    "checkpoint": ("a checkpoint, from which a run is resumed", "step", "spec.task.N"),
}


@pytest.mark.parametrize("kind", FORMATS)
def test_json_is_what_describe_says(files, info, kind):
    result = info(files[kind], "--json")
    assert result.exit_code == 0, result.output
    content = json.loads(result.stdout)
    assert content == jsonable(describe(files[kind]))
    assert content["format"] == FORMATS[kind] == kind_of(files[kind])
    assert content["path"] == str(files[kind])


@pytest.mark.parametrize("kind", SAID)
def test_words(files, info, kind, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    result = info(files[kind])
    assert result.exit_code == 0, result.output
    for word in SAID[kind]:
        assert word in result.stdout


def test_the_folder_of_a_sweep(files, folder, info, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    path = folder / "d"
    content = json.loads(info(path, "--json").stdout)
    assert (content["runs"], content["run_status"]) == (3, {"complete": 3})
    assert content["dimensions"]["seed"] == {"size": 3, "first": 0, "last": 2}
    assert f"`scbsim status {path}` has its runs" in info(path).stdout
    assert "3: 3 complete" in info(path).stdout


def test_a_folder_of_files(files, folder, info, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    content = json.loads(info(folder, "--json").stdout)
    found = {each["file"]: each for each in content["files"]}
    assert found["dense.h5"] == {
        "file": "dense.h5",
        "format": "scbsim",
        "status": "complete",
        "step": 20,
    }
    assert found["stopped.h5"]["status"] == "stopped"
    assert found["phase/phase.h5"]["format"] == "scbsim-phase"
    assert not any(".ckpt" in name for name in found)
    shown = " ".join(info(folder).stdout.split())
    assert "dense.h5 the output of a run, complete at step 20" in shown
    assert "compare/compare.h5 a comparison of models of noise with real batches" in shown


def test_what_is_none_of_ours(info, tmp_path):
    for path in (tmp_path, tmp_path / "none.h5"):
        result = info(path)
        assert (result.exit_code, result.stdout) == (2, "")
        assert len(result.stderr.strip().splitlines()) == 1
    with pytest.raises(OutputError, match="folder without files of scbsim's"):
        describe(tmp_path)
