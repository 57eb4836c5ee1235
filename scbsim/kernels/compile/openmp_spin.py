"""How long OpenMP threads spin before they sleep.

A waiting thread of GNU's OpenMP spins for milliseconds. On a shared machine that can take the
processor from the very thread it waits for, and made small steps on two threads ten times slower. A
few thousand turns, some microseconds, cover the time between two meetings of threads.
"""

from __future__ import annotations

import os
from contextlib import suppress

_NAME = "GOMP_SPINCOUNT"


def wait_briefly() -> None:
    """Load numba's OpenMP layer with a short spin, unless the environment sets how threads wait.

    The library reads the environment once, when it is loaded. The variable is removed afterwards,
    so that other copies of OpenMP, such as PyTorch's, are not affected.
    """
    if _NAME in os.environ or "OMP_WAIT_POLICY" in os.environ:
        return
    os.environ[_NAME] = "2000"
    try:
        with suppress(ImportError):
            import numba.np.ufunc.omppool  # noqa: F401
    finally:
        del os.environ[_NAME]
