import gc
import signal

import pytest
from hypothesis import settings
from scbsim_testing.warm_check import WarmCheck

from scbsim.storage.runfile import integrity
from scbsim.storage.runfile.check import check

# How long an example takes says more of the machine than of the code.
settings.register_profile("scbsim", deadline=None)
settings.load_profile("scbsim")


def pytest_configure():
    """Undo what nohup does: tests send SIGHUP to processes that they start.

    Garbage is collected less often, as in compiling: tests compile functions of their own.
    """
    gc.set_threshold(50_000)
    if hasattr(signal, "SIGHUP"):
        signal.signal(signal.SIGHUP, signal.SIG_DFL)


def pytest_collection_modifyitems(items):
    """The longest tests begin first: no worker is left with one when the others are done."""

    def comes_later(item):
        slow = item.get_closest_marker("slow")
        return slow is None or not slow.kwargs.get("first")

    items.sort(key=comes_later)


@pytest.fixture(scope="session", autouse=True)
def _warm_check():
    """A Python of its own for every file that a run resumes from takes most of such a test."""
    with pytest.MonkeyPatch.context() as patch:
        warm = WarmCheck()
        patch.setattr(integrity, "_run_child", warm)
        yield
        warm.close()


@pytest.fixture
def cold_check(monkeypatch):
    """Files are checked as they are outside of tests."""
    monkeypatch.setattr(integrity, "_run_child", integrity._run_child.real)


@pytest.fixture
def checked_here(monkeypatch):
    """Files are checked in this process: at once, and without asking what says stop."""
    monkeypatch.setattr("scbsim.storage.checkpoint.resume.checked", lambda path, _stop: check(path))
