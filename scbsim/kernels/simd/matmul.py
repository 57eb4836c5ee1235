"""Small matrix products in vectors: four rows of the result by 16 columns are in registers.

As loops of numba's, each row of a product would first be compared with all others for overlap, and
go to memory and back for every term. The order of each sum is that of its terms.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from scbsim.kernels.compile.jit import internal_jit
from scbsim.kernels.types import Floats, Int

LANES = 16

_INT = ir.IntType(32)
_ROWS = 4


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
def _four(
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
def _one(
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


@internal_jit
def multiply(
    out: Floats, x: Floats, rows: tuple[Int, Int], terms: Int, transposed: bool, y: Floats
) -> None:
    """Write rows of ``X Y``, or of ``X' Y``.

    Parameters
    ----------
    out : (n, M) contiguous, M a multiple of 16
        Not one of the others.
    x : (n, m) or, if ``transposed``, (m, n), contiguous
    rows : (first, last)
        Which rows of the result; the last is left out.
    terms : int64
        How many terms there are in a sum.
    transposed : bool
    y : (m, M) contiguous
    """
    first, last = rows
    M, width = out.shape[1], x.shape[1]
    x_row, x_step = (1, width) if transposed else (width, 1)
    n = first
    while n + _ROWS <= last:
        for m in range(0, M, LANES):
            _four(out, n * M + m, M, x, n * x_row, x_row, x_step, y, m, M, terms)
        n += _ROWS
    while n < last:
        for m in range(0, M, LANES):
            _one(out, n * M + m, M, x, n * x_row, x_row, x_step, y, m, M, terms)
        n += 1
