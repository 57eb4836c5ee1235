"""Processes take turns to compile, and say what they do in theirs."""

import os
import threading

import pytest
from numba.core import event

from scbsim.kernels.compile.cache_lock import WAITING, Turn, in_turn


@pytest.fixture
def lock(tmp_path):
    return tmp_path / "kernel.lock"


def test_one_at_a_time(lock):
    assert in_turn(lock.parent) is None
    first, second = Turn(), Turn()
    assert first.take(lock, "advance")
    assert in_turn(lock.parent) == "advance"
    waits, has, goes = threading.Event(), threading.Event(), threading.Event()

    class Listener(event.Listener):
        def on_start(self, event):
            assert event.data == {"kernel": "observe"}
            waits.set()

        def on_end(self, event):
            pass

    def turn_of_the_second():
        assert second.take(lock, "observe")
        has.set()
        assert goes.wait(60)
        second.give_back()
        second.give_back()

    with event.install_listener(WAITING, Listener()):
        other = threading.Thread(target=turn_of_the_second)
        other.start()
        assert waits.wait(60)
        assert in_turn(lock.parent) == "advance"
        first.give_back()
        assert has.wait(60)
    assert in_turn(lock.parent) == "observe"
    goes.set()
    other.join(60)
    assert in_turn(lock.parent) is None
    assert lock.read_text() == ""


def test_different_kernels_at_the_same_time(lock):
    first, second = Turn(), Turn()
    assert first.take(lock, "advance")
    assert second.take(lock.with_name("other.lock"), "observe")
    first.give_back()
    assert in_turn(lock.parent) == "observe"
    second.give_back()


def test_only_the_thread_that_took_it_gives_it_back(lock):
    """A thread that found its kernel compiled has none to give back, while another compiles."""
    turn = Turn()
    assert turn.take(lock, "advance")
    other = threading.Thread(target=turn.give_back)
    other.start()
    other.join(60)
    assert in_turn(lock.parent) == "advance"
    turn.give_back()
    assert in_turn(lock.parent) is None


def test_whoever_waits_too_long_goes_without(lock, monkeypatch):
    monkeypatch.setattr("scbsim.kernels.compile.cache_lock._LONGEST_WAIT", 0.0)
    first, second = Turn(), Turn()
    assert first.take(lock, "advance")
    assert not second.take(lock, "observe")
    second.give_back()
    assert in_turn(lock.parent) == "advance"
    first.give_back()
    assert second.take(lock, "observe")
    second.give_back()


def test_a_child_that_was_forked_keeps_nothing(lock):
    turn = Turn()
    assert turn.take(lock, "advance")
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        # It lives, with its copy of the open file, until it is told.
        os.read(read, 1)
        os._exit(0)
    try:
        turn.give_back()
        assert in_turn(lock.parent) is None
        assert turn.take(lock, "observe")
        turn.give_back()
    finally:
        os.write(write, b"0")
        os.waitpid(child, 0)
        os.close(read)
        os.close(write)


def test_where_no_lock_can_be(tmp_path):
    turn = Turn()
    assert not turn.take(tmp_path / "missing" / "kernel.lock", "advance")
    turn.give_back()
    assert in_turn(tmp_path / "missing") is None
