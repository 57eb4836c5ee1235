"""Several runs in one process, each of which finds the process as the first one did."""

from __future__ import annotations

import gc
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def afresh() -> Iterator[None]:
    """Undo what the body changes in the process.

    Warnings are shown again, since each run has its own log. The environment and the current folder
    are restored, and reference cycles are freed. :func:`scbsim.run.ensemble.built_ensemble`
    restores the threads of compiled code.
    """
    environment, folder = dict(os.environ), os.open(".", os.O_RDONLY)
    try:
        # Entering this resets Python's record of the warnings that were shown.
        with warnings.catch_warnings():
            yield
    finally:
        os.fchdir(folder)
        os.close(folder)
        if os.environ != environment:
            os.environ.clear()
            os.environ.update(environment)
        gc.collect()
