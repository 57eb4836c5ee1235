"""Asking for memory before it is needed."""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from scbsim.kernels.compile.jit import inline_jit
from scbsim.kernels.types import Floats

_LINE = 64
"""Bytes of a cache line."""

_INT = ir.IntType(32)
_TO_WRITE, _TO_KEEP, _DATA = _INT(0), _INT(3), _INT(1)


@intrinsic
def _prefetch_at(typing_context: Any, x: Any, i: Any) -> Any:
    """Ask for the cache line of one entry of a one-dimensional contiguous array."""

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        data = context.make_array(signature.args[0])(context, builder, arguments[0]).data
        entry = builder.bitcast(builder.gep(data, [arguments[1]]), cgutils.voidptr_t)
        of = ir.FunctionType(ir.VoidType(), [cgutils.voidptr_t, _INT, _INT, _INT])
        function = cgutils.get_or_insert_function(builder.module, of, "llvm.prefetch.p0")
        builder.call(function, [entry, _TO_WRITE, _TO_KEEP, _DATA])
        return context.get_dummy_value()

    return types.void(x, types.intp), codegen


@inline_jit
def prefetch(x: Floats) -> None:
    """Ask for a contiguous array to be in the cache, soon, for reading and writing.

    The processor's own prefetching follows long streams; a block is over before it has caught up.
    """
    for i in range(0, x.size, _LINE // x.itemsize):
        _prefetch_at(x, i)
