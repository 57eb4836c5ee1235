"""How long a thread that waits for another keeps its processor.

GNU's OpenMP has it spin for milliseconds. Beside other programs that keeps the processor from the
very thread it waits for, and small steps on two threads took ten times as long. A few thousand
turns, some microseconds, bridge what lies between two meetings of threads; then it sleeps.
"""

from __future__ import annotations

import os
from contextlib import suppress

_NAME = "GOMP_SPINCOUNT"
_TURNS = "2000"
_ASKED = (_NAME, "OMP_WAIT_POLICY")


def wait_briefly() -> None:
    """Load numba's threads with so many turns, unless the environment says how they wait.

    The library reads the environment once, as it is loaded. What is loaded later, PyTorch's own
    copy say, finds it as it was. Other layers of threads than OpenMP are left alone.
    """
    if any(name in os.environ for name in _ASKED):
        return
    os.environ[_NAME] = _TURNS
    try:
        with suppress(ImportError):
            import numba.np.ufunc.omppool  # noqa: F401
    finally:
        del os.environ[_NAME]
