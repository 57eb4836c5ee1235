"""Processes that do one run after another: what is kept, and what is not."""

import os
import signal
import sys
from time import monotonic

import pytest
from scbsim_testing.small_sweeps import started, sweep_text

from scbsim import load
from scbsim.spec.sweep import Sweep
from scbsim.sweep import worker
from scbsim.sweep.folder import SweepFolder
from scbsim.sweep.local import run_sweep
from scbsim.sweep.worker import Workers
from scbsim.util.cores import usable_cores


@pytest.fixture
def workers():
    made = Workers(dict(os.environ))
    yield made
    made.end()


@pytest.fixture
def do(workers, tmp_path):
    """Have a worker run a command line; return the worker, the exit status and what was said."""

    def run(*words):
        path = tmp_path / "log.txt"
        with path.open("wb") as log:
            one = workers.begin([str(word) for word in words], log)
        return one, status_of(workers, one), path.read_text()

    return run


def status_of(workers, one):
    deadline = monotonic() + 120
    while one not in (found := workers.ended(1.0)):
        assert monotonic() < deadline
    return found[one]


def pid(one):
    return one._process.pid


def made(tmp_path, text):
    (tmp_path / "s.toml").write_text(text)
    return SweepFolder.made(tmp_path / "d", Sweep.from_toml(tmp_path / "s.toml"))


def who_ran(folder, **options):
    """Run a sweep; return its tally and the processes that had a run in hand."""
    seen = set()
    tally = run_sweep(
        folder, report=lambda _, now: seen.update(each.worker for each in now), **options
    )
    return tally, seen


@pytest.mark.slow
def test_each_of_two_processes_does_several_runs(tmp_path):
    folder = made(tmp_path, sweep_text('product = {"seed" = "0:8"}', steps=4000))
    tally, seen = who_ran(folder, jobs=2)
    assert len(tally.done) == 8
    assert 1 <= len(seen) <= 2
    assert all(each.has_ended() for each in seen)


def test_a_process_that_is_old_gets_no_more_runs(workers, do, monkeypatch):
    first, status, _ = do("presets")
    assert status == 0
    assert do("presets")[0] is first
    monkeypatch.setattr(worker, "LIFETIME", 0.0)
    assert do("presets")[0] is not first


def test_a_process_whose_run_failed_gets_no_more_runs(do):
    first, status, said = do("run", "nowhere.toml", "-o", "run.h5")
    assert status == 2
    assert "there is no file nowhere.toml" in said
    assert first.has_ended()
    again, status, said = do("presets", "quickstart")
    assert again is not first
    assert (status, said.startswith("# A first run")) == (0, True)


def test_a_process_that_died_while_it_waited_is_replaced(do):
    first, _, _ = do("presets")
    os.kill(pid(first), signal.SIGKILL)
    first._process.wait()
    again, status, _ = do("presets")
    assert (again is not first, status) == (True, 0)


def test_a_process_ends_when_no_one_can_give_it_runs_any_more(do):
    one, _, _ = do("presets")
    one.close()
    assert one._process.wait(60) == 0


@pytest.mark.parametrize("number", worker._ASK_TO_STOP)
def test_signals_end_a_process_that_waits_though_it_did_runs_before(do, number):
    for _ in range(2):
        one, _, _ = do("presets")
    os.kill(pid(one), number)
    assert one._process.wait(60) == 75


@pytest.mark.slow
def test_every_run_says_what_it_has_to_say_in_its_own_log(tmp_path):
    """A warning that the first gave is given by the others, too."""
    text = sweep_text('product = {"seed" = "0:3"}').replace("0.05", "1e5")
    folder = made(tmp_path, text)
    _, seen = who_ran(folder, jobs=1)
    assert len(seen) == 1
    logs = [folder.log(run).read_text() for run in folder.sweep.runs]
    assert all(log.count("the theory promises nothing") == 1 for log in logs), logs


@pytest.mark.slow
@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="no /proc to look into")
def test_runs_leave_no_files_open(do, tmp_path):
    (tmp_path / "one.toml").write_text(sweep_text("", engine="dense"))
    counts = []
    for i in range(3):
        one, status, said = do("run", tmp_path / "one.toml", "-o", tmp_path / f"{i}.h5", "-q")
        assert status == 0, said
        counts.append(len(os.listdir(f"/proc/{pid(one)}/fd")))
    assert counts[0] == counts[1] == counts[2]


@pytest.mark.slow
@pytest.mark.skipif(usable_cores() == 1, reason="two threads need two cores")
def test_threads_of_one_run_are_not_those_of_the_next(tmp_path):
    table = 'product = {"task.T" = [60, 60000, 61], "seed" = [7]}'
    folder = made(tmp_path, sweep_text(table, engine="dense", steps=200, every=20))
    _, seen = who_ran(folder, jobs=1)
    assert len(seen) == 1
    threads = []
    for run in folder.sweep.runs:
        spec = folder.output(run).parent / "spec.toml"
        alone = tmp_path / "alone.h5"
        # A process of its own: a fork would have one thread.
        process = started("run", spec, "-o", alone, "--overwrite", cwd=tmp_path)
        said = process.communicate(timeout=600)
        assert process.returncode == 0, said
        together = load(folder.output(run))
        assert load(alone).equals(together)
        assert load(alone).attrs["provenance"] == together.attrs["provenance"]
        threads.append('"threads": 1,' in together.attrs["provenance"])
    assert threads == [True, False, True]


def test_the_log_of_a_run_that_its_process_did_not_survive_has_the_reason(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "executable", "/bin/false")
    folder = made(tmp_path, sweep_text('product = {"seed" = "0:2"}'))
    tally, _ = who_ran(folder)
    assert list(tally.reasons.values()) == ["it said nothing"] * 2
