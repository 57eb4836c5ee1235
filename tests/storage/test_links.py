"""An output is one file, by whatever link it is named and wherever the program goes."""

from __future__ import annotations

import json
import os

import pytest
from scbsim_testing.small_runs import assert_same, run_spec

from scbsim import RunSpec, Task, load, sample_batch, simulate
from scbsim.errors import OutputError, RunFailed
from scbsim.sampling.file import write_samples
from scbsim.sampling.sampler import Sampler
from scbsim.storage.description import describe
from scbsim.storage.hdf5.lock import WriterLock, writer_of
from scbsim.storage.runfile.status import run_status
from scbsim.task.file import write_arrays


@pytest.fixture
def places(tmp_path, monkeypatch):
    """Two folders, of which the first is the current one; `there` has a stopped run of its own."""
    here, there = tmp_path / "here", tmp_path / "there"
    here.mkdir()
    there.mkdir()
    simulate(run_spec("seed=7"), output=there / "run.h5", stop=lambda: True)
    monkeypatch.chdir(here)
    return here, there


def content_of(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.slow
@pytest.mark.parametrize("words", [(), ("dynamics.replicas=3",)])
def test_a_program_that_goes_elsewhere_while_it_runs(words, places):
    here, there = places
    spec, before = run_spec(*words, steps=300), content_of(there)

    def goes_elsewhere():
        os.chdir(there)
        return False

    got = simulate(spec, output="run.h5", stop=goes_elsewhere)
    assert_same(got, simulate(spec))
    assert_same(load(here / "run.h5"), simulate(spec))
    assert os.listdir(here) == ["run.h5"]
    assert content_of(there) == before


def test_a_spec_names_its_files_once(places, monkeypatch):
    here, there = places
    write_arrays("task.h5", Task.random(5, 40, 2, seed=3))
    base = run_spec()
    specs = [
        base.replace(task={"from": "task.h5"}),
        RunSpec.from_dict({**base.to_dict(), "task": {"from": "task.h5"}}),
        RunSpec(**{**base.to_dict(), "task": {"from": "task.h5"}}),
        RunSpec.from_json(json.dumps({**base.to_dict(), "task": {"from": "task.h5"}})),
    ]
    starts = [base.replace(init={"from": "run.h5"})]
    monkeypatch.chdir(there)
    assert [spec.task.from_ for spec in specs] == [str(here / "task.h5")] * 4
    assert [spec.init.from_ for spec in starts] == [str(here / "run.h5")]
    assert Task.from_spec(specs[0].task).N == 5


def test_samples_go_where_they_were_asked_for(places):
    here, there = places

    def goes_elsewhere():
        os.chdir(there)
        return False

    sampler = Sampler(Task.random(5, 50, 2), seed=1)
    write_samples("batch.h5", sampler, 0, 20, stop=goes_elsewhere)
    assert os.listdir(here) == ["batch.h5"]
    assert "batch.h5" not in os.listdir(there)
    assert len(sample_batch(Task.random(5, 50, 2), 20, 1).query) == 20


@pytest.fixture
def link(tmp_path):
    """A link to where an output is to be."""
    (tmp_path / "scratch").mkdir()
    (tmp_path / "home").mkdir()
    link = tmp_path / "home" / "run.h5"
    link.symlink_to("../scratch/run.h5")
    return link


@pytest.mark.slow
def test_a_link_and_its_target_are_one_output(link, tmp_path):
    target = tmp_path / "scratch" / "run.h5"
    (tmp_path / "folder").symlink_to("scratch")
    names = [link, target, tmp_path / "folder" / "run.h5"]
    spec = run_spec(steps=300)

    def others_ask():
        for name in names:
            who = f"process {os.getpid()} on "
            assert writer_of(name).startswith(who)
            assert describe(name)["writer"].startswith(who)
            assert run_status(name).writer.startswith(who)
            with pytest.raises(RunFailed, match="is being written by process"):
                simulate(spec, output=name, resume=True)
        return True

    simulate(spec, output=link, stop=others_ask)
    assert link.is_symlink()
    assert os.listdir(link.parent) == ["run.h5"]
    assert sorted(os.listdir(target.parent)) == ["run.h5", "run.h5.ckpt"]
    assert [describe(name)["checkpoint_step"] for name in names] == [0, 0, 0]
    assert_same(simulate(spec, output=target, resume=True), simulate(spec))
    # And replaced is what the link leads to, not the link.
    assert_same(simulate(spec, output=link, overwrite=True), simulate(spec))
    assert link.is_symlink()
    assert os.listdir(target.parent) == ["run.h5"]


@pytest.mark.parametrize("name", ["run.h5.lock", "run.h5.ckpt", "run.h5.new", "run.h5.ckpt.tmp"])
@pytest.mark.parametrize("kind", [os.symlink, os.link])
def test_a_link_in_the_place_of_a_side_file_costs_nothing(name, kind, tmp_path):
    precious, folder = tmp_path / "precious", tmp_path / "runs"
    precious.write_text("mine")
    folder.mkdir()
    kind(precious, folder / name)
    spec = run_spec(steps=300)
    if name == "run.h5.lock":
        with pytest.raises(OutputError, match=r"run\.h5\.lock is a link or no regular file"):
            simulate(spec, output=folder / "run.h5")
        assert os.listdir(folder) == [name]
    else:
        simulate(spec, output=folder / "run.h5", stop=lambda: True)
        assert_same(simulate(spec, output=folder / "run.h5", resume=True), simulate(spec))
        assert os.listdir(folder) == ["run.h5"]
    assert precious.read_text() == "mine"


@pytest.mark.parametrize("suffix", ["lock", "ckpt"])
def test_a_pipe_beside_a_file_is_not_waited_for(suffix, done, copy):
    os.mkfifo(f"{copy}.{suffix}")
    assert writer_of(copy) is None
    assert describe(copy)["checkpoint_step"] is None
    if suffix == "lock":
        with pytest.raises(OutputError, match="no regular file"):
            WriterLock(copy)


def test_a_copy_by_hard_links_stays_as_it_was(tmp_path):
    """As `cp -al` makes one: the run that goes on is a file of its own then."""
    spec, path, backup = run_spec(steps=300), tmp_path / "run.h5", tmp_path / "backup.h5"
    simulate(spec, output=path, stop=lambda: True)
    os.link(path, backup)
    before = backup.read_bytes()
    assert_same(simulate(spec, output=path, resume=True), simulate(spec))
    assert backup.read_bytes() == before


def test_a_lock_is_let_go_of_but_not_that_of_another(tmp_path):
    old, new = tmp_path / "old", tmp_path / "runs"
    new.mkdir()
    mine = WriterLock(new / "run.h5")
    new.rename(old)
    new.mkdir()
    theirs = WriterLock(new / "run.h5")
    mine.release()
    assert writer_of(new / "run.h5") is not None
    theirs.release()
    assert os.listdir(new) == []
