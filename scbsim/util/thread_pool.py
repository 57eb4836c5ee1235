"""Threads that share the replicas of a block."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Result = TypeVar("Result")


class ThreadPool:
    """A number of threads, the caller's among them.

    The work must release the GIL, as kernels do. A thread takes the next piece when it has done
    one, which costs microseconds. ``ThreadPoolExecutor.map`` would leave the caller's thread idle,
    wake a thread for each piece, and continue after an error.
    """

    def __init__(self, threads: int) -> None:
        self._others = threads - 1
        self._pool = ThreadPoolExecutor(self._others) if threads > 1 else None

    def __enter__(self) -> ThreadPool:
        return self

    def __exit__(self, *error: object) -> None:
        if self._pool is not None:
            self._pool.shutdown()

    def each(self, pieces: Sequence[Callable[[], Result]]) -> list[Result]:
        """Do all pieces of work; return their results in order.

        An error of a piece is raised here, once no thread works any more.
        """
        waiting = deque(enumerate(pieces))
        done: dict[int, Result] = {}

        def work() -> None:
            try:
                while True:
                    try:
                        i, piece = waiting.popleft()
                    except IndexError:
                        return
                    done[i] = piece()
            except BaseException:
                # Other threads stop after their piece.
                waiting.clear()
                raise

        futures = []
        if self._pool is not None:
            others = min(self._others, len(pieces) - 1)
            futures = [self._pool.submit(work) for _ in range(others)]
        try:
            work()
        finally:
            errors = [future.exception() for future in futures]
        for error in errors:
            if error is not None:
                raise error
        return [done[i] for i in range(len(pieces))]
