"""LLVM instructions as numba intrinsics: rows of products, and prefetching."""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from scbsim.kernels.simd.plain import LANES

_INT = ir.IntType(32)
_FOR_WRITING, _KEEP_IN_CACHE, _DATA = _INT(0), _INT(3), _INT(1)


def _product_rows(out: Any, x: Any, y: Any, count: int, subtract: bool = False) -> Any:
    """Return the signature and code generator of ``count`` rows; arguments: see `plain.Strided`.

    With ``subtract`` the terms are subtracted from what is there.
    """

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        views = [cgutils.unpack_tuple(builder, each) for each in arguments[:3]]
        to, left_data, right_data = (
            context.make_array(kind.types[0])(context, builder, view[0]).data
            for kind, view in zip(signature.args, views, strict=False)
        )
        (_, o, out_row, _), (_, i, x_row, x_step), (_, j, _, y_step) = views
        vector = ir.VectorType(to.type.pointee, LANES)
        align = signature.args[0].types[0].dtype.bitwidth // 8
        places = []
        for s in range(count):
            shift = builder.mul(out_row, ir.Constant(out_row.type, s))
            place = builder.gep(to, [builder.add(o, shift)])
            places.append(builder.bitcast(place, vector.as_pointer()))
        zero = ir.Constant(vector, [0.0] * LANES)
        starts = [builder.load(p, align=align) if subtract else zero for p in places]
        totals = [cgutils.alloca_once_value(builder, start) for start in starts]
        combine = builder.fsub if subtract else builder.fadd
        with cgutils.for_range(builder, arguments[3]) as loop:
            row = builder.add(j, builder.mul(loop.index, y_step))
            place = builder.bitcast(builder.gep(right_data, [row]), vector.as_pointer())
            right = builder.load(place, align=align)
            first = builder.add(i, builder.mul(loop.index, x_step))
            for s, total in enumerate(totals):
                shift = builder.mul(x_row, ir.Constant(x_row.type, s))
                left = builder.load(builder.gep(left_data, [builder.add(first, shift)]))
                undefined = ir.Constant(vector, ir.Undefined)
                one = builder.insert_element(undefined, left, _INT(0))
                zeros = ir.Constant(ir.VectorType(_INT, LANES), [0] * LANES)
                factor = builder.shuffle_vector(one, undefined, zeros)
                term = builder.fmul(factor, right, flags=("contract",))
                builder.store(combine(builder.load(total), term, flags=("contract",)), total)
        for place, total in zip(places, totals, strict=True):
            builder.store(builder.load(total), place, align=align)
        return context.get_dummy_value()

    return types.void(out, x, y, types.intp), codegen


@intrinsic
def four_rows(typing_context: Any, out: Any, x: Any, y: Any, terms: Any) -> Any:
    """Write four rows of a product, 16 columns wide."""
    return _product_rows(out, x, y, 4)


@intrinsic
def four_rows_less(typing_context: Any, out: Any, x: Any, y: Any, terms: Any) -> Any:
    """Subtract four rows of a product, 16 columns wide, term by term."""
    return _product_rows(out, x, y, 4, subtract=True)


@intrinsic
def one_row(typing_context: Any, out: Any, x: Any, y: Any, terms: Any) -> Any:
    """Write one row of a product, 16 columns wide."""
    return _product_rows(out, x, y, 1)


@intrinsic
def prefetch_at(typing_context: Any, x: Any, i: Any) -> Any:
    """Prefetch the cache line of one entry of a one-dimensional contiguous array."""

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        data = context.make_array(signature.args[0])(context, builder, arguments[0]).data
        entry = builder.bitcast(builder.gep(data, [arguments[1]]), cgutils.voidptr_t)
        of = ir.FunctionType(ir.VoidType(), [cgutils.voidptr_t, _INT, _INT, _INT])
        function = cgutils.get_or_insert_function(builder.module, of, "llvm.prefetch.p0")
        builder.call(function, [entry, _FOR_WRITING, _KEEP_IN_CACHE, _DATA])
        return context.get_dummy_value()

    return types.void(x, types.intp), codegen
