"""What a sweep says of runs that have taken no step yet."""

import io
import warnings
from types import SimpleNamespace

import pytest
from scbsim_testing.small_sweeps import sweep_text

from scbsim.cli import sweep_progress
from scbsim.errors import RunWarning
from scbsim.kernels.compile import jit
from scbsim.kernels.compile import kernel_cache as kept
from scbsim.kernels.compile.cache_lock import KernelLock
from scbsim.spec.sweep import Sweep
from scbsim.sweep.folder import SweepFolder
from scbsim.sweep.local import SweepResult


@pytest.fixture
def now(monkeypatch):
    clock = SimpleNamespace(now=100.0)
    monkeypatch.setattr(sweep_progress, "monotonic", lambda: clock.now)
    return clock


@pytest.fixture
def cache(tmp_path, monkeypatch):
    folder = tmp_path / "cache"
    folder.mkdir()
    monkeypatch.setattr(jit, "CACHE_FOLDER", folder)
    monkeypatch.setattr(kept, "_warned", set())
    return folder


@pytest.fixture
def sweep(tmp_path):
    text = tmp_path / "sweep.toml"
    text.write_text(sweep_text())
    folder = SweepFolder.made(tmp_path / "runs", Sweep.from_toml(text, ()))
    working = [SimpleNamespace(run=run) for run in folder.sweep.runs[:2]]
    return folder, SweepResult(len(folder.sweep.runs)), working


def test_lines_say_what_is_compiled(sweep, now, cache, capsys):
    folder, tally, working = sweep
    lock = KernelLock()
    with sweep_progress.reporting(folder, quiet=False) as tell:
        assert lock.acquire(cache / "advance.lock", "advance")
        now.now += 11
        tell(tally, working)
        lock.release()
        now.now += 11
        tell(tally, working)
    lines = capsys.readouterr().err.splitlines()
    names = [each.run.name for each in working]
    total = folder.sweep.total_steps(working[0].run)
    assert lines[:2] == [f"{name}: step 0/{total}, compiling advance" for name in names]
    assert lines[3:5] == [f"{name}: step 0/{total}" for name in names]


def test_a_terminal_says_it_once_processes_have_had_time_to_begin(sweep, now, cache, monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    screen = Terminal()
    monkeypatch.setattr("sys.stderr", screen)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "150")
    lock = KernelLock()
    assert lock.acquire(cache / "advance.lock", "advance")
    with sweep_progress.reporting(sweep[0], quiet=False) as tell:
        for wanted in (False, True):
            tell(*sweep[1:])
            assert ("compiling advance" in screen.getvalue()) == wanted
            now.now += 4
    lock.release()


def test_that_nothing_can_be_kept_is_said_once_for_all_runs(sweep, now, cache, monkeypatch):
    monkeypatch.setattr(jit, "CACHE_FOLDER", None)
    monkeypatch.setattr(jit, "_why_not", "in /nowhere (Read-only file system)")
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        with sweep_progress.reporting(sweep[0], quiet=False) as tell:
            for _ in range(2):
                now.now += 11
                tell(*sweep[1:])
    assert [each.category for each in said] == [RunWarning]
    assert "cannot be cached in /nowhere" in str(said[0].message)
