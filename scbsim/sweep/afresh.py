"""Several runs in one process: each finds it as the first one did."""

from __future__ import annotations

import gc
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def afresh() -> Iterator[None]:
    """Take back what the body changes in the process.

    Warnings that were shown are shown again, since each run has its own log. The environment and
    the current folder are put back, and memory that only a cycle of references holds is freed.
    Threads of compiled code are for :func:`scbsim.run.ensemble.assembled`, which puts them back.
    """
    environment, folder = dict(os.environ), os.open(".", os.O_RDONLY)
    try:
        # Python forgets what was shown as this begins.
        with warnings.catch_warnings():
            yield
    finally:
        os.fchdir(folder)
        os.close(folder)
        if os.environ != environment:
            os.environ.clear()
            os.environ.update(environment)
        gc.collect()
