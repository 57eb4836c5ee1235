"""How many threads there are to compute with, and when there is but one."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Any

from scbsim.errors import InputError, RunWarning, warn_caller
from scbsim.util.cores import usable_cores
from scbsim.util.numbers import whole

_NUMBER = "NUMBA_NUM_THREADS"
_LAYER = "NUMBA_THREADING_LAYER"
_ORDER = "NUMBA_THREADING_LAYER_PRIORITY"
_LAYERS = ("default", "omp", "tbb", "workqueue", "safe", "threadsafe", "forksafe")

_forked = False
_warned = False
_one_at_a_time = Lock()


def require_sound_environment() -> None:
    """Check what numba reads as it is imported: a wrong number ends it, or is passed over.

    Raises
    ------
    InputError
        If the environment asks for a number of threads that there cannot be, or for a library of
        threads that there is not.
    """
    for name in (_NUMBER, _LAYER, _ORDER):
        if not os.environ.get(name, "set").strip():
            # As if it were not set; numba would complain.
            del os.environ[name]
    asked = os.environ.get(_NUMBER)
    if asked is not None and not (
        asked.strip().isascii() and asked.strip().isdigit() and int(asked) > 0
    ):
        raise InputError(f"the environment variable {_NUMBER} is {asked!r}; it takes 1 or more")
    layer = os.environ.get(_LAYER, "default")
    if layer.lower() not in _LAYERS:
        known = ", ".join(_LAYERS)
        raise InputError(f"the environment variable {_LAYER} is {layer!r}; it takes {known}")
    order = os.environ.get(_ORDER)
    if order is not None and sorted(order.split()) != ["omp", "tbb", "workqueue"]:
        raise InputError(
            f"the environment variable {_ORDER} is {order!r}; it takes omp, tbb and workqueue in "
            "any order, with spaces between"
        )


def most_threads(asked: Any = None) -> int:
    """Return as many threads as are asked for, or as there are cores to use.

    Raises
    ------
    InputError
        If there are not so many as are asked for, or the library of threads that the environment
        names is not there.
    """
    import numba

    _require_layer()
    there: int = numba.config.NUMBA_NUM_THREADS
    if asked is None:
        return min(there, usable_cores())
    count = whole("threads", asked)
    if not 1 <= count <= there:
        raise InputError(
            f"threads: {count} asked for; from 1 to {there} can be used here (the environment "
            f"variable {_NUMBER}, set before the start, changes that)"
        )
    return count


@contextmanager
def sharing(count: int) -> Iterator[int]:
    """Have a step shared out over threads in the body; give how many there are.

    There is one in a process that was forked from one with threads, where GNU's OpenMP would hang,
    and while another of this process's Python threads has several under the layer ``workqueue``,
    which would end the process. The numbers do not depend on it.
    """
    import numba

    if count == 1 or _no_threads_after_fork():
        yield 1
        return
    before = numba.get_num_threads()
    alone = numba.threading_layer() == "workqueue"
    if alone and not _one_at_a_time.acquire(blocking=False):
        yield 1
        return
    try:
        numba.set_num_threads(count)
        yield count
    finally:
        numba.set_num_threads(before)
        if alone:
            _one_at_a_time.release()


def _require_layer() -> None:
    import numba

    layer = numba.config.THREADING_LAYER
    if layer.lower() == "default":
        return
    try:
        # Loads it.
        numba.get_num_threads()
    except ValueError:
        raise InputError(
            f"the environment variable {_LAYER} is {layer!r}, and no such library of threads is "
            "installed here; unset it, or take omp or workqueue"
        ) from None


def _note_fork() -> None:
    """Remember, in a child, that its parent had threads that the child has not."""
    global _forked, _one_at_a_time
    _one_at_a_time = Lock()
    numba = sys.modules.get("numba")
    if numba is None or not sys.platform.startswith("linux"):
        return
    try:
        _forked |= numba.threading_layer() == "omp"
    except (AttributeError, ValueError):
        # Not begun, or not even imported in full.
        return


def _no_threads_after_fork() -> bool:
    global _warned
    if _forked and not _warned:
        _warned = True
        warn_caller(
            "this process was forked from one that has threads, and cannot start its own: it "
            "computes on one thread, to the same numbers. Start it by spawn or forkserver instead "
            "(multiprocessing.get_context), or set NUMBA_THREADING_LAYER=workqueue",
            RunWarning,
        )
    return _forked


os.register_at_fork(after_in_child=_note_fork)
