"""The number of threads to compute with, and when it is limited to one."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Any

from scbsim.errors import InputError, RunWarning, warn_caller
from scbsim.util.cores import usable_cores
from scbsim.util.numbers import check_int

_NUMBER = "NUMBA_NUM_THREADS"
_LAYER = "NUMBA_THREADING_LAYER"
_ORDER = "NUMBA_THREADING_LAYER_PRIORITY"
_LAYERS = ("default", "omp", "tbb", "workqueue", "safe", "threadsafe", "forksafe")

_forked = False
_warned = False
_one_at_a_time = Lock()


def require_sound_environment() -> None:
    """Check the environment variables that numba reads when it is imported.

    numba itself raises an unclear error for a wrong value, or ignores it.

    Raises
    ------
    InputError
        If the number of threads or the threading layer is not valid.
    """
    for name in (_NUMBER, _LAYER, _ORDER):
        if not os.environ.get(name, "set").strip():
            # numba fails on an empty value.
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
    """Return the number of threads: ``asked``, or that of the usable cores.

    Raises
    ------
    InputError
        If ``asked`` is not possible, or the environment's threading layer is not installed.
    """
    import numba

    layer = numba.config.THREADING_LAYER
    if layer.lower() != "default":
        try:
            # Loads the layer.
            numba.get_num_threads()
        except ValueError:
            raise InputError(
                f"the environment variable {_LAYER} is {layer!r}, and that threading layer is not "
                "installed here; unset it, or set it to omp or workqueue"
            ) from None
    most: int = numba.config.NUMBA_NUM_THREADS
    if asked is None:
        return min(most, usable_cores())
    count = check_int("threads", asked)
    if not 1 <= count <= most:
        raise InputError(
            f"threads: {count} asked for; from 1 to {most} can be used here (set the environment "
            f"variable {_NUMBER} before the start to change that)"
        )
    return count


@contextmanager
def sharing(count: int) -> Iterator[int]:
    """Compute with ``count`` threads in the body; give the actual number.

    It is 1 in a process forked from one with threads, where GNU's OpenMP would hang, and under the
    layer ``workqueue`` while another Python thread computes, as that would end the process. Results
    do not depend on it.
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


def _note_fork() -> None:
    """Record, in a forked child, that its parent had OpenMP threads."""
    global _forked, _one_at_a_time
    _one_at_a_time = Lock()
    numba = sys.modules.get("numba")
    if numba is None or not sys.platform.startswith("linux"):
        return
    try:
        _forked |= numba.threading_layer() == "omp"
    except (AttributeError, ValueError):
        # No threads yet, or numba is still being imported.
        return


def _no_threads_after_fork() -> bool:
    global _warned
    if _forked and not _warned:
        _warned = True
        warn_caller(
            "this process was forked from one that has threads, and cannot start its own: it "
            "computes on one thread, to the same numbers. Start it by spawn or forkserver "
            "(multiprocessing.get_context), or set NUMBA_THREADING_LAYER=workqueue",
            RunWarning,
        )
    return _forked


os.register_at_fork(after_in_child=_note_fork)
