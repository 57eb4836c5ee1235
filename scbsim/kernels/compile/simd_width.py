"""The width of the vectors in compiled kernels, on processors with AVX-512.

LLVM prefers 256 bits on many Intel processors, as early ones lowered their clock for 512. These
kernels are still faster with 512 bits. ``SCBSIM_VECTOR_BITS=256`` selects the narrower ones, with
the same bits in the results.
"""

from __future__ import annotations

import os

import llvmlite.binding as llvm
import numba

from scbsim.errors import InputError

_NAME = "SCBSIM_VECTOR_BITS"
_PREFER = {"": "-", "512": "-", "256": "+"}


def choose_width() -> None:
    """Set numba's CPU features for the width in the environment, by default the widest.

    To be called before numba first compiles in a process. A processor or features set by numba's
    own environment variables are kept, unless a width is set too.

    Raises
    ------
    InputError
        If the width is neither 256 nor 512.
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
