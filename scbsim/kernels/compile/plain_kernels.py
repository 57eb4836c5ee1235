"""Whether kernels do without LLVM's own terms.

Lookups, small products and prefetching are written with parts of llvmlite that change between its
versions. Where a part is missing, or ``SCBSIM_PLAIN_KERNELS=1`` asks for it, loops of numba take
their place. The bits of results do not depend on it.
"""

from __future__ import annotations

import os

from llvmlite import ir
from numba.core import cgutils

from scbsim.errors import InputError

_NAME = "SCBSIM_PLAIN_KERNELS"


def _asked() -> bool:
    value = os.environ.get(_NAME, "")
    if value not in ("", "0", "1"):
        raise InputError(f"{_NAME} is {value!r}; 0 and 1 are allowed")
    return value == "1"


def _lacking() -> bool:
    """Return whether this llvmlite, or this numba, lacks what LLVM's terms need."""
    try:
        return not all(
            (
                ir.IntType(32).as_pointer().pointee,
                ir.VectorType,
                ir.instructions.Instruction,
                ir.IRBuilder.shuffle_vector,
                cgutils.for_range,
                cgutils.alloca_once_value,
                cgutils.get_or_insert_function,
            )
        )
    except AttributeError:
        return True


PLAIN = _asked() or _lacking()
