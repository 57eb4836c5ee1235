"""One process at a time compiles a kernel, and says which."""

import os
import threading

import pytest
from numba.core import event

from scbsim.kernels.compile.cache_lock import WAITING, KernelLock, in_compilation


@pytest.fixture
def path(tmp_path):
    return tmp_path / "kernel.lock"


def test_one_at_a_time(path):
    assert in_compilation(path.parent) is None
    first, second = KernelLock(), KernelLock()
    assert first.acquire(path, "advance")
    assert in_compilation(path.parent) == "advance"
    waits, has, goes = threading.Event(), threading.Event(), threading.Event()

    class Listener(event.Listener):
        def on_start(self, event):
            assert event.data == {"kernel": "observe"}
            waits.set()

        def on_end(self, event):
            pass

    def hold_the_second():
        assert second.acquire(path, "observe")
        has.set()
        assert goes.wait(60)
        second.release()
        second.release()

    with event.install_listener(WAITING, Listener()):
        other = threading.Thread(target=hold_the_second)
        other.start()
        assert waits.wait(60)
        assert in_compilation(path.parent) == "advance"
        first.release()
        assert has.wait(60)
    assert in_compilation(path.parent) == "observe"
    goes.set()
    other.join(60)
    assert in_compilation(path.parent) is None
    assert path.read_text() == ""


def test_different_kernels_at_the_same_time(path):
    first, second = KernelLock(), KernelLock()
    assert first.acquire(path, "advance")
    assert second.acquire(path.with_name("other.lock"), "observe")
    first.release()
    assert in_compilation(path.parent) == "observe"
    second.release()


def test_only_the_thread_that_took_it_gives_it_back(path):
    """A thread that found its kernel compiled has none to release, while another compiles."""
    lock = KernelLock()
    assert lock.acquire(path, "advance")
    other = threading.Thread(target=lock.release)
    other.start()
    other.join(60)
    assert in_compilation(path.parent) == "advance"
    lock.release()
    assert in_compilation(path.parent) is None


def test_whoever_waits_too_long_goes_without(path, monkeypatch):
    monkeypatch.setattr("scbsim.kernels.compile.cache_lock._LONGEST_WAIT", 0.0)
    first, second = KernelLock(), KernelLock()
    assert first.acquire(path, "advance")
    assert not second.acquire(path, "observe")
    second.release()
    assert in_compilation(path.parent) == "advance"
    first.release()
    assert second.acquire(path, "observe")
    second.release()


def test_a_child_that_was_forked_keeps_nothing(path):
    lock = KernelLock()
    assert lock.acquire(path, "advance")
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        # It lives, with its copy of the open file, until it is told.
        os.read(read, 1)
        os._exit(0)
    try:
        lock.release()
        assert in_compilation(path.parent) is None
        assert lock.acquire(path, "observe")
        lock.release()
    finally:
        os.write(write, b"0")
        os.waitpid(child, 0)
        os.close(read)
        os.close(write)


def test_where_no_lock_can_be(tmp_path):
    lock = KernelLock()
    assert not lock.acquire(tmp_path / "missing" / "kernel.lock", "advance")
    lock.release()
    assert in_compilation(tmp_path / "missing") is None
