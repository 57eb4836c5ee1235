"""Short arrays on the stack, of which LLVM knows that no other array overlaps them."""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic
from numba.np.arrayobj import populate_array

_ALIGNMENT = 64


def stack_array(size: int) -> Any:
    """Return a function of an array: a new one of ``size`` entries of its type, undefined.

    It is gone when the function that calls this one returns.
    """

    @intrinsic
    def on_stack(typing_context: Any, like: Any) -> Any:
        kind = types.Array(like.dtype, 1, "C")

        def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            item = context.get_data_type(kind.dtype)
            data = cgutils.alloca_once(builder, ir.ArrayType(item, size))
            data.align = _ALIGNMENT
            made = context.make_array(kind)(context, builder)
            width = context.get_constant(types.intp, kind.dtype.bitwidth // 8)
            populate_array(
                made,
                data=builder.bitcast(data, item.as_pointer()),
                shape=[context.get_constant(types.intp, size)],
                strides=[width],
                itemsize=width,
                meminfo=None,
            )
            return made._getvalue()

        return kind(like), codegen

    return on_stack
