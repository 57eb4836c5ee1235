"""Instructions in LLVM's terms: rows of products, prefetching, the bits of floats."""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from scbsim.kernels.simd.plain import LANES

_INT = ir.IntType(32)
_ROWS = 4
_TO_WRITE, _TO_KEEP, _DATA = _INT(0), _INT(3), _INT(1)
_FLOAT_OF = {types.int32: types.float32, types.int64: types.float64}
_INT_OF = {types.float32: types.int32, types.float64: types.int64}
_LLVM = {
    types.int32: ir.IntType(32),
    types.int64: ir.IntType(64),
    types.float32: ir.FloatType(),
    types.float64: ir.DoubleType(),
}


def _codegen(count: int) -> Any:
    """Return what makes the code for so many rows of the result."""

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        out, o, out_row, x, i, x_row, x_step, y, j, y_row, terms = arguments
        pointers = {}
        for at, array in ((0, out), (3, x), (7, y)):
            kind = signature.args[at]
            pointers[at] = context.make_array(kind)(context, builder, array).data
        item = pointers[0].type.pointee
        vector = ir.VectorType(item, LANES)
        align = signature.args[0].dtype.bitwidth // 8
        zero = ir.Constant(vector, [0.0] * LANES)
        totals = [cgutils.alloca_once_value(builder, zero) for _ in range(count)]
        with cgutils.for_range(builder, terms) as loop:
            row = builder.add(j, builder.mul(loop.index, y_row))
            place = builder.bitcast(builder.gep(pointers[7], [row]), vector.as_pointer())
            right = builder.load(place, align=align)
            first = builder.add(i, builder.mul(loop.index, x_step))
            for s, total in enumerate(totals):
                shift = builder.mul(x_row, ir.Constant(x_row.type, s))
                left = builder.load(builder.gep(pointers[3], [builder.add(first, shift)]))
                undefined = ir.Constant(vector, ir.Undefined)
                one = builder.insert_element(undefined, left, _INT(0))
                zeros = ir.Constant(ir.VectorType(_INT, LANES), [0] * LANES)
                factor = builder.shuffle_vector(one, undefined, zeros)
                term = builder.fmul(factor, right, flags=("contract",))
                builder.store(builder.fadd(builder.load(total), term, flags=("contract",)), total)
        for s, total in enumerate(totals):
            shift = builder.mul(out_row, ir.Constant(out_row.type, s))
            place = builder.gep(pointers[0], [builder.add(o, shift)])
            place = builder.bitcast(place, vector.as_pointer())
            builder.store(builder.load(total), place, align=align)
        return context.get_dummy_value()

    return codegen


def _signature(out: Any, x: Any, y: Any) -> Any:
    i = types.intp
    return types.void(out, i, i, x, i, i, i, y, i, i, i)


@intrinsic
def four_rows(
    typing_context: Any,
    out: Any,
    o: Any,
    out_row: Any,
    x: Any,
    i: Any,
    x_row: Any,
    x_step: Any,
    y: Any,
    j: Any,
    y_row: Any,
    terms: Any,
) -> Any:
    """Write four rows of a product at 16 columns."""
    return _signature(out, x, y), _codegen(_ROWS)


@intrinsic
def one_row(
    typing_context: Any,
    out: Any,
    o: Any,
    out_row: Any,
    x: Any,
    i: Any,
    x_row: Any,
    x_step: Any,
    y: Any,
    j: Any,
    y_row: Any,
    terms: Any,
) -> Any:
    """Write one row of a product at 16 columns."""
    return _signature(out, x, y), _codegen(1)


@intrinsic
def prefetch_at(typing_context: Any, x: Any, i: Any) -> Any:
    """Ask for the cache line of one entry of a one-dimensional contiguous array."""

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        data = context.make_array(signature.args[0])(context, builder, arguments[0]).data
        entry = builder.bitcast(builder.gep(data, [arguments[1]]), cgutils.voidptr_t)
        of = ir.FunctionType(ir.VoidType(), [cgutils.voidptr_t, _INT, _INT, _INT])
        function = cgutils.get_or_insert_function(builder.module, of, "llvm.prefetch.p0")
        builder.call(function, [entry, _TO_WRITE, _TO_KEEP, _DATA])
        return context.get_dummy_value()

    return types.void(x, types.intp), codegen


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
