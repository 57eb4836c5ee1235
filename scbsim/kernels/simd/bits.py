"""The bits of a float as an integer, and back: no conversion, no instruction."""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

_FLOAT_OF = {types.int32: types.float32, types.int64: types.float64}
_INT_OF = {types.float32: types.int32, types.float64: types.int64}
_LLVM = {
    types.int32: ir.IntType(32),
    types.int64: ir.IntType(64),
    types.float32: ir.FloatType(),
    types.float64: ir.DoubleType(),
}


def _bitcast(to: Any) -> Any:
    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.bitcast(arguments[0], _LLVM[to])

    return codegen


@intrinsic
def bits_of(typing_context: Any, x: Any) -> Any:
    """Return the bits of a float32 as int32, of a float64 as int64."""
    to = _INT_OF.get(x)
    return None if to is None else (to(x), _bitcast(to))


@intrinsic
def float_of(typing_context: Any, bits: Any) -> Any:
    """Return the float whose bits these are."""
    to = _FLOAT_OF.get(bits)
    return None if to is None else (to(bits), _bitcast(to))
