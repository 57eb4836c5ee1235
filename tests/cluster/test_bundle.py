import warnings

import pytest
from scbsim_testing.small_sweeps import sweep_text

from scbsim.cluster.bundle import run_bundle
from scbsim.cluster.team import Team
from scbsim.errors import TaskWarning
from scbsim.spec.sweep import Sweep
from scbsim.storage.hdf5.lock import WriterLock
from scbsim.sweep.failure import Failure, read_failure, write_failure
from scbsim.sweep.folder import SweepFolder
from scbsim.sweep.states import QueuedTask, states


@pytest.fixture
def folder(tmp_path):
    path = tmp_path / "s.toml"
    path.write_text(sweep_text('product = {"seed" = "0:3"}'))
    return SweepFolder.made(tmp_path / "d", Sweep.from_toml(path))


def bundle(folder, job="1_0", stop=lambda: False, say=lambda _: None):
    return run_bundle(folder.path, list(folder.by_name), job=job, stop=stop, say=say)


def found(folder, queue=None):
    return [each.state for each in states(folder, queue)]


@pytest.mark.slow
def test_runs_are_done_one_after_the_other_and_not_again(folder):
    said = []
    assert bundle(folder, say=said.append) == []
    assert found(folder) == ["complete"] * 3
    assert [words.split(" in ")[0] for words in said] == [f"seed={i}: complete" for i in range(3)]
    assert bundle(folder, say=said.append) == []
    assert len(said) == 3


@pytest.mark.slow
def test_a_run_finds_its_process_as_the_first_one_did(tmp_path):
    """A warning that the first gave is given by the others, too."""
    path = tmp_path / "weak.toml"
    path.write_text(sweep_text('product = {"seed" = "0:3"}').replace("0.05", "1e5"))
    folder = SweepFolder.made(tmp_path / "weak", Sweep.from_toml(path))
    with warnings.catch_warnings(record=True) as given:
        warnings.simplefilter("default")
        assert bundle(folder) == []
    assert [each.category for each in given] == [TaskWarning] * 3


def test_when_it_has_to_stop_the_rest_is_left(folder):
    asked = iter([False] * 1 + [True] * 100)
    assert bundle(folder, stop=lambda: next(asked)) == []
    assert found(folder) == ["stopped", "missing", "missing"]


@pytest.mark.slow
def test_a_run_that_failed_is_not_tried_again_in_the_same_job(folder):
    first = folder.sweep.runs[0]
    folder.prepared(first)
    folder.output(first).write_bytes(b"junk")
    assert bundle(folder) == ["seed=0"]
    folder.output(first).unlink()
    assert bundle(folder) == ["seed=0"]
    assert found(folder) == ["failed", "complete", "complete"]
    assert bundle(folder, job="2_0") == []
    assert read_failure(folder.output(first)) is None
    assert found(folder) == ["complete"] * 3


def test_what_is_in_the_queue_is_queued_unless_it_failed_there(folder):
    runs = folder.sweep.runs
    for run in runs:
        folder.prepared(run)
    write_failure(folder.output(runs[0]), Failure("no", "1_0"))
    write_failure(folder.output(runs[1]), Failure("no", "1_0"))
    queue = {runs[0].name: QueuedTask("1_0", True), runs[1].name: QueuedTask("2_0", False)}
    assert found(folder, queue) == ["failed", "queued", "missing"]


@pytest.mark.slow
def test_a_writer_of_before_is_waited_for(folder):
    run = folder.sweep.runs[0]
    folder.prepared(run)
    lock = WriterLock(folder.output(run))
    asked = []

    def stop():
        asked.append(None)
        if len(asked) == 3:
            lock.release()
        return False

    assert bundle(folder, stop=stop) == []
    assert found(folder) == ["complete"] * 3


class Bereft(Team):
    """One whose fellows die in the first run."""

    def run(self, spec, **options):
        raise OSError("a message that never came")

    def lost(self, error):
        return True


@pytest.mark.slow
def test_ranks_that_are_gone_are_no_failure_of_the_run(folder):
    with pytest.raises(OSError, match="never came"):
        run_bundle(folder.path, ["seed=0"], job="1", stop=lambda: False, team=Bereft())
    assert read_failure(folder.output(folder.sweep.runs[0])) is None
    assert bundle(folder, job="1") == []
    assert found(folder) == ["complete"] * 3


@pytest.mark.usefixtures("cold_check")
def test_a_stop_while_a_file_is_checked_is_no_failure(folder, monkeypatch):
    """The job goes back into the queue, and the run goes on there."""
    first = folder.sweep.runs[0]
    folder.prepared(first)
    asked = iter([False] * 1 + [True] * 100)
    bundle(folder, stop=lambda: next(asked))
    assert found(folder) == ["stopped", "missing", "missing"]
    asked, said = iter([False] * 2 + [True] * 10**6), []
    assert bundle(folder, stop=lambda: next(asked), say=said.append) == []
    assert "was checked; it is as it was" in said[0]
    assert read_failure(folder.output(first)) is None
    assert found(folder) == ["stopped", "missing", "missing"]
    assert bundle(folder) == []
    assert found(folder) == ["complete"] * 3
