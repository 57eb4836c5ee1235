"""Sums by token for at most 16 tokens, without a table in memory.

A table would have each sum wait until the last one has reached memory, which few tokens make
frequent. With AVX-512 the tables of float32 are vectors instead, and an entry is added under a mask
with the bit of its token. Other tables stay in memory. The results have the same bits.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from scbsim.kernels.simd.llvm_lookup import wide_registers
from scbsim.kernels.simd.plain import LANES

_TABLES = 4
_SHORT = ir.IntType(LANES)
_MASK = ir.VectorType(ir.IntType(1), LANES)


def _splat(builder: Any, scalar: Any) -> Any:
    undefined = ir.Constant(ir.VectorType(scalar.type, LANES), ir.Undefined)
    first = builder.insert_element(undefined, scalar, ir.IntType(32)(0))
    zeros = ir.Constant(ir.VectorType(ir.IntType(32), LANES), [0] * LANES)
    return builder.shuffle_vector(first, undefined, zeros)


def _as_short(builder: Any, token: Any) -> Any:
    width = token.type.width
    if width == LANES:
        return token
    return builder.zext(token, _SHORT) if width < LANES else builder.trunc(token, _SHORT)


@intrinsic
def add_to_tables(typing_context: Any, tables: Any, x: Any, a: Any, fours: Any) -> Any:
    """Add ``a[4 i + j]`` to entry ``x[4 i + j]`` of table j, for each i below ``fours``.

    ``tables`` are four of 16 entries, one after the other.
    """

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        kinds = signature.args[:3]
        to, tokens, entries = (
            context.make_array(kind)(context, builder, array).data
            for kind, array in zip(kinds, arguments, strict=False)
        )
        index, align = arguments[3].type, kinds[0].dtype.bitwidth // 8
        vector = ir.VectorType(to.type.pointee, LANES)

        def taken(i: Any, j: int) -> tuple[Any, Any]:
            at = builder.add(builder.mul(i, index(_TABLES)), index(j))
            return builder.load(builder.gep(tokens, [at])), builder.load(builder.gep(entries, [at]))

        if align > 4 or not wide_registers():
            with cgutils.for_range(builder, arguments[3]) as loop:
                for j in range(_TABLES):
                    token, entry = taken(loop.index, j)
                    at = builder.add(builder.zext(token, index), index(LANES * j))
                    place = builder.gep(to, [at])
                    builder.store(builder.fadd(builder.load(place), entry), place)
            return context.get_dummy_value()
        places = [
            builder.bitcast(builder.gep(to, [index(LANES * j)]), vector.as_pointer())
            for j in range(_TABLES)
        ]
        sums = [cgutils.alloca_once_value(builder, builder.load(p, align=align)) for p in places]
        with cgutils.for_range(builder, arguments[3]) as loop:
            for j, total in enumerate(sums):
                token, entry = taken(loop.index, j)
                bit = builder.shl(_SHORT(1), _as_short(builder, token))
                before = builder.load(total)
                after = builder.fadd(before, _splat(builder, entry))
                mask = builder.bitcast(bit, _MASK)
                builder.store(builder.select(mask, after, before), total)
        for place, total in zip(places, sums, strict=True):
            builder.store(builder.load(total), place, align=align)
        return context.get_dummy_value()

    return types.void(tables, x, a, types.uintp), codegen
