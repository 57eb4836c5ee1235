"""Looking up many entries of a small table at once, as vectors: gathers where the machine has them.

Left to itself the compiler keeps such loops scalar, as it cannot know that what is written is not
the table. So these are written as vectors of 16 in LLVM's own terms, which every machine has in
one width or another: what comes out is the same to the bit.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

LANES = 16
"""Entries that are looked up together."""

_INT = ir.IntType(32)
_WORDS = ir.VectorType(_INT, LANES)


def _splat(builder: Any, scalar: Any) -> Any:
    """Return a vector of one number."""
    undefined = ir.Constant(ir.VectorType(scalar.type, LANES), ir.Undefined)
    first = builder.insert_element(undefined, scalar, _INT(0))
    return builder.shuffle_vector(first, undefined, ir.Constant(_WORDS, [0] * LANES))


def _data(context: Any, builder: Any, kind: Any, array: Any) -> Any:
    return context.make_array(kind)(context, builder, array).data


def _at(context: Any, builder: Any, kind: Any, array: Any, i: Any) -> Any:
    """Return a pointer to 16 entries of an array from ``i`` on."""
    first = builder.gep(_data(context, builder, kind, array), [i])
    return builder.bitcast(first, ir.VectorType(first.type.pointee, LANES).as_pointer())


def _load(builder: Any, pointer: Any, itemsize: int) -> Any:
    return builder.load(pointer, align=itemsize)


class _Places(ir.instructions.Instruction):  # type: ignore[misc]
    """The addresses of a table's entries at a vector of indices, which llvmlite has no word for."""

    def descr(self, buf: list[str]) -> None:
        data, index = self.operands
        words = (f"{each.type} {each.get_reference()}" for each in (data, index))
        buf.append(f"getelementptr {data.type.pointee}, {', '.join(words)}\n")


def _gathered(context: Any, builder: Any, kind: Any, table: Any, index: Any) -> Any:
    """Return the entries of a table at 16 indices, all within it."""
    data = _data(context, builder, kind, table)
    item = data.type.pointee
    places = _Places(builder.block, ir.VectorType(data.type, LANES), "gep", [data, index])
    builder._insert(places)
    vector, mask = ir.VectorType(item, LANES), ir.VectorType(ir.IntType(1), LANES)
    short = {"i32": "i32", "float": "f32", "double": "f64"}[str(item)]
    of = ir.FunctionType(vector, [places.type, _INT, mask, vector])
    name = f"llvm.masked.gather.v{LANES}{short}.v{LANES}p0"
    function = cgutils.get_or_insert_function(builder.module, of, name)
    every = ir.Constant(mask, [1] * LANES)
    align = _INT({"i32": 4, "float": 4, "double": 8}[str(item)])
    return builder.call(function, [places, align, every, ir.Constant(vector, ir.Undefined)])


@intrinsic
def pick_16(
    typing_context: Any, out: Any, i: Any, words: Any, j: Any, table: Any, bits: Any
) -> Any:
    """Write to ``out[i:i + 16]`` what the words from ``j`` on pick: `alias.pick`, 16 at a time."""

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        of_out, _, of_words, _, of_table, _ = signature.args
        to, i, source, j, entries, bits = arguments
        word = _load(builder, _at(context, builder, of_words, source, j), 4)
        shift = _splat(builder, bits)
        low = builder.sub(builder.shl(ir.Constant(_INT, 1), bits), ir.Constant(_INT, 1))
        low = _splat(builder, low)
        down = _splat(builder, builder.sub(ir.Constant(_INT, 32), bits))
        bucket = builder.lshr(word, down)
        entry = _gathered(context, builder, of_table, entries, bucket)
        rest = builder.or_(builder.shl(word, shift), low)
        own = builder.icmp_unsigned("<", rest, entry)
        token = builder.select(own, bucket, builder.and_(entry, low))
        size = of_out.dtype.bitwidth
        if size < 32:
            token = builder.trunc(token, ir.VectorType(ir.IntType(size), LANES))
        builder.store(token, _at(context, builder, of_out, to, i), align=size // 8)
        return context.get_dummy_value()

    return types.void(out, types.uintp, words, types.uintp, table, types.uint32), codegen


@intrinsic
def add_16(typing_context: Any, total: Any, i: Any, table: Any, index: Any, j: Any) -> Any:
    """Add to ``total[i:i + 16]`` the entries of a table at the indices from ``j`` on."""

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        of_total, _, of_table, of_index, _ = signature.args
        to, i, entries, indices, j = arguments
        size = of_index.dtype.bitwidth
        index = _load(builder, _at(context, builder, of_index, indices, j), size // 8)
        if size < 32:
            index = builder.zext(index, _WORDS)
        place = _at(context, builder, of_total, to, i)
        width = of_total.dtype.bitwidth // 8
        found = _gathered(context, builder, of_table, entries, index)
        builder.store(builder.fadd(_load(builder, place, width), found), place, align=width)
        return context.get_dummy_value()

    return types.void(total, types.uintp, table, index, types.uintp), codegen
