import gc
import signal

import pytest

from scbsim.storage.runfile.check import check


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


@pytest.fixture
def checked_here(monkeypatch):
    """Files are checked in this process: at once, and without asking what says stop."""
    monkeypatch.setattr("scbsim.storage.checkpoint.resume.checked", lambda path, _stop: check(path))
