"""Threads that share out the replicas of a block among them."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import TypeVar

Result = TypeVar("Result")


class ThreadPool:
    """So many threads, the caller's among them; one alone starts none.

    The work must let go of Python's lock, as kernels do. A thread takes the next piece when it has
    done one, so what Python does for a piece is a few microseconds. The executor's ``map``
    would leave the caller's thread idle, wake one for each piece, and go on after an error.
    """

    def __init__(self, threads: int) -> None:
        self._others = threads - 1
        self._pool = ThreadPoolExecutor(self._others) if threads > 1 else None

    def __enter__(self) -> ThreadPool:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._pool is not None:
            self._pool.shutdown()

    def each(self, pieces: Sequence[Callable[[], Result]]) -> list[Result]:
        """Do all pieces of work; return what they gave, in their order.

        What one raises is raised here, once no thread works any more.
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
                # The others leave the rest as it is.
                waiting.clear()
                raise

        if self._pool is None or len(pieces) == 1:
            work()
        else:
            futures = [self._pool.submit(work) for _ in range(min(self._others, len(pieces) - 1))]
            try:
                work()
            finally:
                errors = [future.exception() for future in futures]
            for error in errors:
                if error is not None:
                    raise error
        return [done[i] for i in range(len(pieces))]
