"""The folder of a sweep: one place, wherever the program goes; no link in it is followed."""

import os

import pytest
from scbsim_testing.small_sweeps import sweep_text

from scbsim import simulate
from scbsim.errors import OutputError
from scbsim.spec.sweep import Sweep
from scbsim.sweep.collect import collect
from scbsim.sweep.folder import MANIFEST, SweepFolder
from scbsim.sweep.local import run_sweep


@pytest.fixture
def sweep(tmp_path, monkeypatch):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "sweep.toml").write_text(sweep_text())
    monkeypatch.chdir(tmp_path)
    return Sweep.from_toml("sweep.toml")


def test_a_program_that_goes_elsewhere(sweep, tmp_path, monkeypatch):
    made = SweepFolder.made("runs", sweep)
    opened = SweepFolder.open("runs")
    monkeypatch.chdir(tmp_path / "elsewhere")
    for folder in (made, opened):
        assert folder.path == tmp_path / "runs"
    for run in made.sweep.runs:
        simulate(made.sweep.spec_of(run), output=made.output(run))
    assert collect(opened, tmp_path / "all.h5") == []
    assert os.listdir(tmp_path / "elsewhere") == []


def test_a_folder_by_way_of_a_link(sweep, tmp_path):
    (tmp_path / "link").symlink_to("runs")
    assert SweepFolder.made("link", sweep).path == tmp_path / "runs"
    assert SweepFolder.open("link").path == tmp_path / "runs"


@pytest.mark.slow
def test_links_in_the_place_of_logs_and_specs_are_not_followed(sweep, tmp_path):
    precious = tmp_path / "precious"
    precious.write_text("mine")
    folder = SweepFolder.made("runs", sweep)
    run = folder.sweep.runs[0]
    folder.output(run).parent.mkdir()
    for name in ("log.txt", "spec.toml", "failed.json"):
        (folder.output(run).parent / name).symlink_to(precious)
    run_sweep(folder, jobs=1)
    assert precious.read_text() == "mine"
    assert not folder.log(run).is_symlink()


def test_a_manifest_that_is_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / MANIFEST)
    with pytest.raises(OutputError, match="no regular file"):
        SweepFolder.open(tmp_path)
