"""How wide the vectors of compiled kernels are.

LLVM keeps to 256 bits on many Intel processors that have 512, since early ones lowered their clock
for those; these kernels gain from the width all the same. ``SCBSIM_VECTOR_BITS=256`` asks for the
narrower ones. The bits of results do not depend on it.
"""

from __future__ import annotations

import os

import llvmlite.binding as llvm
import numba

from scbsim.errors import InputError

_NAME = "SCBSIM_VECTOR_BITS"
_PREFER = {"": "-", "512": "-", "256": "+"}


def choose_width() -> None:
    """Have numba compile for the width that the environment asks for, the widest by default.

    numba reads this when it first compiles something in a process. A processor or features that
    numba's own environment variables name are left alone, unless a width is asked for.

    Raises
    ------
    InputError
        If the environment asks for another width than 256 or 512.
    """
    bits = os.environ.get(_NAME, "")
    if bits not in _PREFER:
        raise InputError(f"{_NAME} is {bits!r}; 256 and 512 are allowed")
    host, named = llvm.get_host_cpu_features(), numba.config.CPU_FEATURES
    if not host.get("avx512f") or (not bits and (named is not None or numba.config.CPU_NAME)):
        return
    features = host.flatten() if named is None else named
    preference = f"{_PREFER[bits]}prefer-256-bit"
    numba.config.CPU_FEATURES = f"{features},{preference}" if features else preference
