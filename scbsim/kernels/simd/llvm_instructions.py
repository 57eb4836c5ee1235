"""LLVM instructions as numba intrinsics: rows of products, prefetching, and tests of rows."""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from scbsim.kernels.simd.llvm_lookup import prefers_wide, wide_registers
from scbsim.kernels.simd.plain import LANES, ROW

_INT = ir.IntType(32)
_FOR_WRITING, _KEEP_IN_CACHE, _DATA = _INT(0), _INT(3), _INT(1)


def _tile(count: int, panels: int, itemsize: int) -> tuple[int, int]:
    """Return the rows and panels whose sums fit into registers at once."""
    most = (1024 if wide_registers() else 256) // itemsize
    while count * panels * LANES > most and panels > 1:
        panels //= 2
    while count * panels * LANES > most and count > 1:
        count //= 2
    return count, panels


def _write_tile(
    builder: Any, data: tuple[Any, Any, Any], numbers: Any, terms: Any, shape: Any, subtract: bool
) -> None:
    """Emit the rows and panels of one tile.

    ``data`` are pointers to the result and the factors, and ``numbers`` the rest of their
    `plain.Strided`, where the result and the left factor begin at the tile's first row.
    """
    (to, left_data, right_data), (count, panels) = data, shape
    (o, out_row, _), (i, x_row, x_step), (j, _, y_step) = numbers
    item = to.type.pointee
    vector, align = ir.VectorType(item, LANES), 4 if item == ir.FloatType() else 8

    def at(array: Any, entry: Any, panel: int) -> Any:
        entry = builder.add(entry, ir.Constant(entry.type, LANES * panel))
        return builder.bitcast(builder.gep(array, [entry]), vector.as_pointer())

    places = []
    for s in range(count):
        first = builder.add(o, builder.mul(out_row, ir.Constant(out_row.type, s)))
        places += [at(to, first, panel) for panel in range(panels)]
    zero = ir.Constant(vector, [0.0] * LANES)
    starts = [builder.load(p, align=align) if subtract else zero for p in places]
    totals = [cgutils.alloca_once_value(builder, start) for start in starts]
    combine = builder.fsub if subtract else builder.fadd
    with cgutils.for_range(builder, terms) as loop:
        row = builder.add(j, builder.mul(loop.index, y_step))
        right = [builder.load(at(right_data, row, p), align=align) for p in range(panels)]
        first = builder.add(i, builder.mul(loop.index, x_step))
        for s in range(count):
            shift = builder.mul(x_row, ir.Constant(x_row.type, s))
            left = builder.load(builder.gep(left_data, [builder.add(first, shift)]))
            undefined = ir.Constant(vector, ir.Undefined)
            one = builder.insert_element(undefined, left, _INT(0))
            zeros = ir.Constant(ir.VectorType(_INT, LANES), [0] * LANES)
            factor = builder.shuffle_vector(one, undefined, zeros)
            for p in range(panels):
                total = totals[s * panels + p]
                term = builder.fmul(factor, right[p], flags=("contract",))
                builder.store(combine(builder.load(total), term, flags=("contract",)), total)
    for place, total in zip(places, totals, strict=True):
        builder.store(builder.load(total), place, align=align)


def _product_rows(
    out: Any, x: Any, y: Any, count: int, panels: int = 1, subtract: bool = False
) -> Any:
    """Return the signature and code generator of ``count`` rows; arguments: see `plain.Strided`.

    They are ``panels`` times 16 columns wide. With ``subtract`` the terms are subtracted from what
    is there.
    """

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        views = [cgutils.unpack_tuple(builder, each) for each in arguments[:3]]
        data = tuple(
            context.make_array(kind.types[0])(context, builder, view[0]).data
            for kind, view in zip(signature.args, views, strict=False)
        )
        (o, out_row, _), (i, x_row, x_step), (j, y_row, y_step) = (view[1:] for view in views)
        itemsize = signature.args[0].types[0].dtype.bitwidth // 8
        rows, wide = _tile(count, panels, itemsize)
        for s in range(0, count, rows):
            to, left = (
                builder.add(first, builder.mul(row, ir.Constant(row.type, s)))
                for first, row in ((o, out_row), (i, x_row))
            )
            for p in range(0, panels, wide):
                shift = ir.Constant(to.type, LANES * p)
                numbers = (
                    (builder.add(to, shift), out_row, None),
                    (left, x_row, x_step),
                    (builder.add(j, shift), y_row, y_step),
                )
                _write_tile(builder, data, numbers, arguments[3], (rows, wide), subtract)
        return context.get_dummy_value()

    return types.void(out, x, y, types.intp), codegen


@intrinsic
def eight_rows_wide(typing_context: Any, out: Any, x: Any, y: Any, terms: Any) -> Any:
    """Write eight rows of a product, 32 columns wide."""
    return _product_rows(out, x, y, 8, panels=2)


@intrinsic
def eight_rows(typing_context: Any, out: Any, x: Any, y: Any, terms: Any) -> Any:
    """Write eight rows of a product, 16 columns wide."""
    return _product_rows(out, x, y, 8)


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


def _registers(context: Any, builder: Any, x: Any, given: Any, entries: int) -> list[Any]:
    """Load entries of an array, from entry ``given[1]`` on, a register each.

    One wider vector would be split by LLVM, but not into registers of 256 bits where it has wider
    ones: and a single wide instruction keeps the narrow ones from a port of the processor.
    """
    data = context.make_array(x)(context, builder, given[0]).data
    size = x.dtype.bitwidth
    each = (512 if prefers_wide() else 256) // size
    register = ir.VectorType(data.type.pointee, each).as_pointer()
    places = [builder.add(given[1], ir.Constant(given[1].type, n)) for n in range(0, entries, each)]
    starts = [builder.bitcast(builder.gep(data, [place]), register) for place in places]
    return [builder.load(start, align=size // 8) for start in starts]


def _bits(builder: Any, registers: list[Any], width: int) -> list[Any]:
    integers = ir.VectorType(ir.IntType(width), registers[0].type.count)
    return [builder.bitcast(register, integers) for register in registers]


def _joined(registers: list[Any], combine: Any) -> Any:
    """Combine the second half with the first, until one register is left."""
    while len(registers) > 1:
        half = len(registers) // 2
        registers = [
            combine(*pair) for pair in zip(registers[:half], registers[half:], strict=True)
        ]
    return registers[0]


def _is_none(builder: Any, found: Any) -> Any:
    """Return whether a vector of bits, or of integers, is 0."""
    whole = ir.IntType(found.type.count * found.type.element.width)
    return builder.icmp_unsigned("==", builder.bitcast(found, whole), ir.Constant(whole, 0))


def _halves(builder: Any, x: Any) -> list[Any]:
    undefined, half = ir.Constant(x.type, ir.Undefined), x.type.count // 2
    places = ir.VectorType(_INT, half)
    return [
        builder.shuffle_vector(x, undefined, ir.Constant(places, [*range(n, n + half)]))
        for n in (0, half)
    ]


@intrinsic
def are_zeros(typing_context: Any, x: Any, i: Any) -> Any:
    """Return whether 64 entries of a contiguous array, from i on, are 0 and not -0."""

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        row = _registers(context, builder, signature.args[0], arguments, ROW)
        return _is_none(builder, _joined(_bits(builder, row, x.dtype.bitwidth), builder.or_))

    return types.boolean(x, types.intp), codegen


@intrinsic
def are_within(typing_context: Any, x: Any, i: Any, bound: Any) -> Any:
    """Return whether 64 entries of a contiguous array, from i on, are at most ``bound`` in size.

    The bound is at least 0, in their type. NaN is beyond it.
    """

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        row = _registers(context, builder, signature.args[0], arguments, ROW)
        bits = _bits(builder, row, x.dtype.bitwidth)
        # Without their signs floats are in the order of their bits.
        kind, count = bits[0].type.element, bits[0].type.count
        unsigned = ir.Constant(bits[0].type, [2 ** (kind.width - 1) - 1] * count)

        def larger(a: Any, b: Any) -> Any:
            return builder.select(builder.icmp_unsigned(">", a, b), a, b)

        largest = _joined([builder.and_(each, unsigned) for each in bits], larger)
        undefined = ir.Constant(largest.type, ir.Undefined)
        most = builder.insert_element(undefined, builder.bitcast(arguments[2], kind), _INT(0))
        most = builder.shuffle_vector(
            most, undefined, ir.Constant(ir.VectorType(_INT, count), [0] * count)
        )
        return _is_none(builder, builder.icmp_unsigned(">", largest, most))

    return types.boolean(x, types.intp, x.dtype), codegen


@intrinsic
def sum_halves(typing_context: Any, x: Any, i: Any) -> Any:
    """Return the sum of 32 entries of a contiguous array, from i on.

    The second half is added to the first until one number is left.
    """

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        row = _registers(context, builder, signature.args[0], arguments, ROW // 2)
        total = _joined(row, builder.fadd)
        while total.type.count > 1:
            total = builder.fadd(*_halves(builder, total))
        return builder.extract_element(total, _INT(0))

    return x.dtype(x, types.intp), codegen
