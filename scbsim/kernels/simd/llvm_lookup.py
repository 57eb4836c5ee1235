"""Vectorised lookups in a small table.

LLVM does not vectorise such a loop by itself, as the output might overlap the table. So the loops
are written here with LLVM vectors of 16, which every processor supports at some register width.
With AVX-512 a table of up to 128 numbers of 32 bits is held in registers and read by permutations.
Other tables are read by gathers. The results have the same bits.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import llvmlite.binding as llvm
import numba
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from scbsim.kernels.simd.plain import LANES

_MOST_REGISTERS = 8

_INT, _BIT = ir.IntType(32), ir.IntType(1)
_WORDS, _MASK = ir.VectorType(_INT, LANES), ir.VectorType(_BIT, LANES)

Lookup = Callable[[Any], Any]


def _features() -> list[str]:
    features = numba.config.CPU_FEATURES or llvm.get_host_cpu_features().flatten()
    return list(features.split(","))


def wide_registers() -> bool:
    """Return whether numba compiles for AVX-512: permutations, and 32 registers."""
    return "+avx512f" in _features()


def prefers_wide() -> bool:
    """Return whether numba compiles for registers of 512 bits and is not asked for narrower."""
    return wide_registers() and "+prefer-256-bit" not in _features()


def _splat(builder: Any, scalar: Any) -> Any:
    """Return a vector whose entries are all ``scalar``."""
    undefined = ir.Constant(ir.VectorType(scalar.type, LANES), ir.Undefined)
    first = builder.insert_element(undefined, scalar, _INT(0))
    return builder.shuffle_vector(first, undefined, ir.Constant(_WORDS, [0] * LANES))


def _all(number: int) -> Any:
    return ir.Constant(_WORDS, [number] * LANES)


def _at(builder: Any, data: Any, i: Any) -> Any:
    """Return a pointer to 16 entries of an array from ``i`` on."""
    first = builder.gep(data, [i])
    return builder.bitcast(first, ir.VectorType(first.type.pointee, LANES).as_pointer())


class _Places(ir.instructions.Instruction):  # type: ignore[misc]
    """A `getelementptr` with a vector of indices, which llvmlite's IRBuilder cannot write."""

    def descr(self, buf: list[str]) -> None:
        data, index = self.operands
        words = (f"{each.type} {each.get_reference()}" for each in (data, index))
        buf.append(f"getelementptr {data.type.pointee}, {', '.join(words)}\n")


def _gathering(builder: Any, data: Any) -> Lookup:
    """Return the lookup of 16 indices, all in range, by a gather from memory."""
    item = data.type.pointee
    vector = ir.VectorType(item, LANES)
    short = {"i32": "i32", "float": "f32", "double": "f64"}[str(item)]
    align = _INT({"i32": 4, "float": 4, "double": 8}[str(item)])
    places_type = ir.VectorType(data.type, LANES)
    of = ir.FunctionType(vector, [places_type, _INT, _MASK, vector])
    name = f"llvm.masked.gather.v{LANES}{short}.v{LANES}p0"
    function = cgutils.get_or_insert_function(builder.module, of, name)

    def lookup(index: Any) -> Any:
        places = _Places(builder.block, places_type, "gep", [data, index])
        builder._insert(places)
        every = ir.Constant(_MASK, [1] * LANES)
        return builder.call(function, [places, align, every, ir.Constant(vector, ir.Undefined)])

    return lookup


def _permuting(builder: Any, data: Any, count: int) -> Lookup:
    """Return the lookup by permutations of ``count`` registers, which are loaded here."""
    vector = ir.VectorType(data.type.pointee, LANES)
    registers = []
    for r in range(count):
        place = _at(builder, data, ir.IntType(64)(LANES * r))
        registers.append(builder.bitcast(builder.load(place, align=4), _WORDS))
    module = builder.module
    of_one, of_two = (ir.FunctionType(_WORDS, [_WORDS] * n) for n in (2, 3))
    one = cgutils.get_or_insert_function(module, of_one, "llvm.x86.avx512.permvar.si.512")
    two = cgutils.get_or_insert_function(module, of_two, "llvm.x86.avx512.vpermi2var.d.512")

    def lookup(index: Any) -> Any:
        # Bits 0 to 4 of an index select the entry in a pair of registers, the others the pair.
        found = [
            builder.call(two, [registers[r], index, registers[r + 1]])
            if r + 1 < count
            else builder.call(one, [registers[r], index])
            for r in range(0, count, 2)
        ]
        bit = 32
        while len(found) > 1:
            upper = builder.icmp_unsigned("!=", builder.and_(index, _all(bit)), _all(0))
            found = [
                builder.select(upper, found[i + 1], found[i]) if i + 1 < len(found) else found[i]
                for i in range(0, len(found), 2)
            ]
            bit *= 2
        return builder.bitcast(found[0], vector)

    return lookup


def _each_16(
    builder: Any, data: Any, size: Any, blocks: Any, do: Callable[[Any, Lookup], None]
) -> None:
    """Emit ``do(i, lookup)`` for each block of 16, with the lookup that suits the table."""
    lanes = size.type(LANES)

    def loop(lookup: Lookup) -> None:
        with cgutils.for_range(builder, blocks) as each:
            do(builder.mul(each.index, lanes), lookup)

    if str(data.type.pointee) == "double" or not wide_registers():
        loop(_gathering(builder, data))
        return
    registers = builder.udiv(size, lanes)
    rest = builder.append_basic_block("looked_up")
    for count in range(1, _MOST_REGISTERS + 1):
        with builder.if_then(builder.icmp_unsigned("==", registers, size.type(count))):
            loop(_permuting(builder, data, count))
            builder.branch(rest)
    loop(_gathering(builder, data))
    builder.branch(rest)
    builder.position_at_end(rest)


def _data(context: Any, builder: Any, kind: Any, array: Any) -> Any:
    return context.make_array(kind)(context, builder, array).data


@intrinsic
def pick_blocks(
    typing_context: Any, out: Any, i: Any, words: Any, j: Any, blocks: Any, table: Any, bits: Any
) -> Any:
    """Write the tokens picked by ``words[j:]`` to ``out[i:]``, 16 per block: `alias.pick_from`.

    The size of the table is a multiple of 16.
    """

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        of_out, _, of_words, _, _, of_table, _ = signature.args
        to, i, source, j, blocks, entries, bits = arguments
        to, source = (_data(context, builder, *x) for x in ((of_out, to), (of_words, source)))
        made = context.make_array(of_table)(context, builder, entries)
        shift = _splat(builder, bits)
        ones = builder.sub(builder.shl(ir.Constant(_INT, 1), bits), ir.Constant(_INT, 1))
        low = _splat(builder, ones)
        down = _splat(builder, builder.sub(ir.Constant(_INT, 32), bits))
        size = of_out.dtype.bitwidth

        def do(at: Any, lookup: Lookup) -> None:
            word = builder.load(_at(builder, source, builder.add(j, at)), align=4)
            bucket = builder.lshr(word, down)
            entry = lookup(bucket)
            rest = builder.or_(builder.shl(word, shift), low)
            own = builder.icmp_unsigned("<", rest, entry)
            token = builder.select(own, bucket, builder.and_(entry, low))
            if size < 32:
                token = builder.trunc(token, ir.VectorType(ir.IntType(size), LANES))
            builder.store(token, _at(builder, to, builder.add(i, at)), align=size // 8)

        _each_16(builder, made.data, made.nitems, blocks, do)
        return context.get_dummy_value()

    arguments = (out, types.uintp, words, types.uintp, types.uintp, table, types.uint32)
    return types.void(*arguments), codegen


@intrinsic
def add_blocks(typing_context: Any, total: Any, table: Any, index: Any, blocks: Any) -> Any:
    """Add ``table[index]`` to ``total``, 16 entries per block; its size is a multiple of 16."""

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        of_total, of_table, of_index, _ = signature.args
        to, entries, indices, blocks = arguments
        to, indices = (_data(context, builder, *x) for x in ((of_total, to), (of_index, indices)))
        made = context.make_array(of_table)(context, builder, entries)
        size, width = of_index.dtype.bitwidth, of_total.dtype.bitwidth // 8

        def do(at: Any, lookup: Lookup) -> None:
            index = builder.load(_at(builder, indices, at), align=size // 8)
            if size < 32:
                index = builder.zext(index, _WORDS)
            place = _at(builder, to, at)
            added = builder.fadd(builder.load(place, align=width), lookup(index))
            builder.store(added, place, align=width)

        _each_16(builder, made.data, made.nitems, blocks, do)
        return context.get_dummy_value()

    return types.void(total, table, index, types.uintp), codegen
