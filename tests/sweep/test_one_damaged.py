"""One run of a sweep whose files are garbage: it has failed, with the reason; the others go on."""

import os

import h5py
import pytest
from scbsim_testing.small_sweeps import collected, sweep_text

from scbsim import simulate
from scbsim.cluster.bundle import run_bundle
from scbsim.spec.sweep import Sweep
from scbsim.storage.hdf5.attributes import put_text
from scbsim.sweep.collect import collect
from scbsim.sweep.failure import read_failure
from scbsim.sweep.folder import SweepFolder
from scbsim.sweep.local import run_sweep
from scbsim.sweep.states import states


def made(tmp_path, seeds="0:3"):
    path = tmp_path / "s.toml"
    path.write_text(sweep_text(f'product = {{"seed" = "{seeds}"}}'))
    return SweepFolder.made(tmp_path / "d", Sweep.from_toml(path))


def ran(folder, *indices):
    for i in indices:
        run = folder.sweep.runs[i]
        folder.prepared(run)
        simulate(folder.sweep.spec_of(run), output=folder.output(run))


@pytest.fixture
def folder(tmp_path):
    """Three runs, of which the second awaits its damage."""
    folder = made(tmp_path)
    ran(folder, 0, 1, 2)
    return folder


def junk(output):
    output.write_bytes(b"junk")


def nothing(output):
    output.write_bytes(b"")


def of_another_kind(output):
    output.unlink()
    output.mkdir()


def pipe(output):
    output.unlink()
    os.mkfifo(output)


def loop(output):
    output.unlink()
    output.symlink_to(output)


def file_for_a_folder(output):
    for path in output.parent.iterdir():
        path.unlink()
    output.parent.rmdir()
    output.parent.write_text("mine")


def spec(text):
    def damage(output):
        with h5py.File(output, "r+") as file:
            put_text(file.attrs, spec=text)

    return damage


def failed(text):
    def damage(output):
        output.unlink()
        output.with_name("failed.json").write_text(text)

    return damage


QUICK = ("junk", "folder")
DAMAGES = {
    "junk": junk,
    "empty": nothing,
    "folder": of_another_kind,
    "pipe": pipe,
    "loop": loop,
    "file": file_for_a_folder,
    "spec is no JSON": spec("{"),
    "spec is a number": spec("3"),
    "spec is deep": spec("[" * 100_000),
    "spec is deep but whole": spec("[" * 900 + "]" * 900),
    "failure is no JSON": failed("{"),
    "failure is a list": failed("[1]"),
    "failure is deep": failed("[" * 100_000),
    "failure has numbers": failed('{"error": 5, "job": 3}'),
    "failure has other keys": failed('{"errors": "no"}'),
}


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(damage, id=name, marks=() if name in QUICK else pytest.mark.slow)
        for name, damage in DAMAGES.items()
    ],
)
def test_it_has_failed_with_the_reason_and_the_others_are_told_of_and_collected(
    tmp_path, folder, damage
):
    damage(folder.output(folder.sweep.runs[1]))
    found = states(SweepFolder.open(folder.path))
    assert [each.state for each in found] == ["complete", "failed", "complete"]
    assert "seed=1" in found[1].note
    [left_out] = collect(folder, tmp_path / "all.h5", partial=True)
    assert (left_out.run.name, left_out.note) == ("seed=1", found[1].note)
    whole = collected(tmp_path / "all.h5")["alpha_A"].notnull().all("step")
    assert whole.values.tolist() == [True, False, True]


@pytest.mark.slow
def test_a_sweep_and_a_task_of_a_job_go_on_with_the_others(tmp_path):
    for name, run in (("here", run_sweep), ("job", bundle)):
        (tmp_path / name).mkdir()
        folder = made(tmp_path / name, "0:5")
        ran(folder, 0, 1)
        for i, damage in ((0, spec("{")), (1, file_for_a_folder)):
            damage(folder.output(folder.sweep.runs[i]))
        (folder.path / "seed=2").mkdir()
        (folder.path / "seed=2/run.h5").mkdir()
        run(folder)
        found = states(folder)
        assert [each.state for each in found] == ["failed"] * 3 + ["complete"] * 2
        for each in found[:3]:
            assert each.run.name in each.note


def bundle(folder):
    names = list(folder.by_name)
    assert run_bundle(folder.path, names, job="7", stop=lambda: False, say=len) == names[:3]


@pytest.mark.slow
def test_what_cannot_be_begun_is_told_with_the_reason(tmp_path):
    folder = made(tmp_path)
    (folder.path / "seed=1").write_text("mine")
    tally = run_sweep(folder, jobs=1)
    assert [run.name for run in tally.failed] == ["seed=1"]
    assert "seed=1" in tally.reasons["seed=1"]
    assert len(tally.done) == 2
    assert (folder.path / "seed=1").read_text() == "mine"


def test_a_failure_that_cannot_be_written_is_no_end(tmp_path):
    folder = made(tmp_path)
    run = folder.sweep.runs[0]
    folder.prepared(run)
    junk(folder.output(run))
    (folder.output(run).with_name("failed.json")).mkdir()
    assert run_bundle(folder.path, [run.name], job="7", stop=lambda: False, say=len) == [run.name]
    failure = read_failure(folder.output(run))
    assert failure is not None
    assert "failed.json cannot be read" in failure.error
