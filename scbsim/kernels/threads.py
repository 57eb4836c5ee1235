"""How many threads there are to compute with."""

from __future__ import annotations

import os
from typing import Any

from scbsim.cores import usable_cores
from scbsim.errors import InputError
from scbsim.numbers import whole

_NAME = "NUMBA_NUM_THREADS"


def require_sound_environment() -> None:
    """Check what numba reads as it is imported: a wrong number ends it, or is passed over.

    Raises
    ------
    InputError
        If the environment asks for a number of threads that there cannot be.
    """
    asked = os.environ.get(_NAME)
    if asked is None:
        return
    if not asked.strip():
        # As if it were not set; numba would complain.
        del os.environ[_NAME]
    elif not (asked.strip().isascii() and asked.strip().isdigit() and int(asked) > 0):
        raise InputError(f"the environment variable {_NAME} is {asked!r}; it takes 1 or more")


def most_threads(asked: Any = None) -> int:
    """Return as many threads as are asked for, or as there are cores to use.

    Raises
    ------
    InputError
        If there are not so many as are asked for.
    """
    import numba

    there: int = numba.config.NUMBA_NUM_THREADS
    if asked is None:
        return min(there, usable_cores())
    count = whole("threads", asked)
    if not 1 <= count <= there:
        raise InputError(
            f"threads: {count} asked for; from 1 to {there} can be used here (the environment "
            f"variable {_NAME}, set before the start, changes that)"
        )
    return count
