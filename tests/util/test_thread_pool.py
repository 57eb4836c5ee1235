"""Threads that share work out."""

from __future__ import annotations

import threading
from time import sleep

import pytest

from scbsim.util.thread_pool import ThreadPool


@pytest.mark.parametrize("threads", [1, 2, 5])
@pytest.mark.parametrize("pieces", [0, 1, 3, 100])
def test_every_piece_is_done_once_and_answers_in_order(threads, pieces):
    done = []

    def piece(i):
        def work():
            done.append(i)
            return i * i

        return work

    with ThreadPool(threads) as pool:
        for _ in range(3):
            done.clear()
            assert pool.each([piece(i) for i in range(pieces)]) == [i * i for i in range(pieces)]
            assert sorted(done) == list(range(pieces))


def test_one_thread_is_the_callers():
    with ThreadPool(1) as pool:
        assert set(pool.each([threading.get_ident] * 5)) == {threading.get_ident()}


def test_threads_work_at_once():
    barrier = threading.Barrier(3, timeout=30)
    with ThreadPool(3) as pool:
        pool.each([barrier.wait] * 3)


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("at", [0, 5])
def test_an_error_comes_out_once_no_one_works(error, threads, at):
    working, done = [], []

    def piece(i):
        def work():
            working.append(i)
            if i == at:
                raise error
            sleep(0.01)
            done.append(i)

        return work

    with ThreadPool(threads) as pool:
        with pytest.raises(error):
            pool.each([piece(i) for i in range(200)])
        assert sorted([*done, at]) == sorted(working), "no one is in the middle of something"
        assert len(done) < 100, "and the rest was left"
        assert pool.each([lambda: 7]) == [7]
