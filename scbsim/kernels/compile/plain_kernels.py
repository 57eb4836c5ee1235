"""Whether kernels use plain numba in place of LLVM instructions.

Lookups, small products and prefetching use parts of llvmlite that change between its versions. If
one is missing, or if ``SCBSIM_PLAIN_KERNELS=1``, numba loops replace them, with the same bits.
"""

from __future__ import annotations

import os

from llvmlite import ir
from numba.core import cgutils
from numba.np import arrayobj

from scbsim.errors import InputError

_NAME = "SCBSIM_PLAIN_KERNELS"


def _asked() -> bool:
    value = os.environ.get(_NAME, "")
    if value not in ("", "0", "1"):
        raise InputError(f"{_NAME} is {value!r}; 0 and 1 are allowed")
    return value == "1"


def _lacking() -> bool:
    """Return whether llvmlite or numba lacks a part that `simd.llvm_*` use."""
    try:
        return not all(
            (
                ir.IntType(32).as_pointer().pointee,
                ir.VectorType,
                ir.instructions.Instruction,
                ir.IRBuilder.shuffle_vector,
                arrayobj.populate_array,
                cgutils.for_range,
                cgutils.alloca_once,
                cgutils.alloca_once_value,
                cgutils.get_or_insert_function,
                cgutils.unpack_tuple,
            )
        )
    except AttributeError:
        return True


PLAIN = _asked() or _lacking()
