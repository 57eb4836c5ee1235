"""Kernels are compiled to the same code without the shortcuts, which leave numba as it was."""

import re
from collections import namedtuple
from pathlib import Path

import llvmlite.binding as llvm
import numba
import numpy as np
import pytest
from llvmlite import ir
from numba.core import cgutils, event
from numba.core.lowering import Lower
from numba.extending import overload

from scbsim.kernels.compile import jit, linking, quick_lowering, quick_typing, shortcuts

CONSTRAINTS = Path(__file__).parents[3] / "constraints"

Pair = namedtuple("Pair", "x, y")


@jit.internal_jit
def swapped(pair):
    return Pair(pair.y, pair.x)


@jit.kernel
def mixed(pair, n):
    total, last = 0.0, 0.0
    while n > 0:
        first = swapped(pair) if n % 2 == 0 else pair
        for i in range(first.x.size):
            part = first.x[i : i + 2]
            if part.size > 1 and part[1] > part[0]:
                total += part[1] * first.y[-1]
                last = max(part[1], last, 1.0)
        n -= 1
    return total, last


ARRAYS = Pair(np.arange(5.0), np.arange(4.0) ** 2)


def compiled():
    """Compile the kernel for this test; return its result, and its instructions."""
    kernel = jit.kernel(mixed.py_func)
    result = kernel(ARRAYS, 3)
    (code,) = kernel.inspect_asm().values()
    _, *parts = re.split(r"^(\w+):", code, flags=re.MULTILINE)
    functions = dict(zip(parts[::2], parts[1::2], strict=True))
    (own,) = (code for name, code in functions.items() if "mixed" in name and "cpython" not in name)
    return result, sorted(re.findall(r"^\t([a-z]\w*)", own, re.MULTILINE))


def test_code_is_the_same_without_them(monkeypatch):
    monkeypatch.setattr(jit, "CACHE_FOLDER", None)
    quick, code = compiled()
    monkeypatch.setattr(
        linking, "shortcuts", lambda: shortcuts.shortcuts(shortcuts._no_replacements)
    )
    swapped.overloads.clear()
    assert (quick, code) == compiled()
    assert len(code) > 30
    # For n = 3 and 1 the pairs (1, 2), (2, 3), (3, 4) end in 1 + .. + 4, times 9; for 2 likewise
    # (0, 1), (1, 4), (4, 9), times 4.
    assert quick == (2 * 10 * 9 + 14 * 4, 9.0)


@pytest.mark.parametrize("source", [quick_typing.replacements, quick_lowering.replacements])
def test_numba_is_left_as_it_was(source):
    owners = [(owner, name, vars(owner)[name]) for owner, name, _ in source()]

    def fail():
        with shortcuts.shortcuts():
            changed = [vars(owner)[name] is not old for owner, name, old in owners]
            assert sum(changed) >= len(owners) - 1
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert all(vars(owner)[name] is old for owner, name, old in owners)


@pytest.mark.parametrize("version", ["0.6.3", "0.64.0", "0.69.0", "0.680.1"])
def test_none_with_a_release_that_they_were_not_tested_with(monkeypatch, version):
    monkeypatch.setattr(numba, "__version__", version)
    before = cgutils._StructProxy.__getitem__, event.start_event
    with shortcuts.shortcuts():
        assert before == (cgutils._StructProxy.__getitem__, event.start_event)


def test_they_are_taken_with_the_oldest_and_the_newest_release():
    found = []
    for age in ("oldest", "newest"):
        pinned = (CONSTRAINTS / f"{age}.txt").read_text()
        found.append(re.search(r"^numba==(\d+\.\d+)\.", pinned, re.MULTILINE)[1])
    assert tuple(found) == shortcuts.RELEASES


def test_none_where_numba_lacks_a_part(monkeypatch):
    monkeypatch.delattr(Lower, "storevar")
    before = cgutils._StructProxy.__getitem__, event.start_event
    with shortcuts.shortcuts():
        assert before == (cgutils._StructProxy.__getitem__, event.start_event)


def test_the_part_of_a_tuple_is_what_was_put_there():
    pair = ir.LiteralStructType([ir.DoubleType(), ir.LiteralStructType([ir.IntType(64)])])
    function = ir.Function(
        ir.Module(), ir.FunctionType(ir.VoidType(), [ir.DoubleType(), pair]), "f"
    )
    builder = ir.IRBuilder(function.append_basic_block())
    x, whole = function.args
    with shortcuts.shortcuts(quick_lowering.replacements):
        made = builder.insert_value(whole, x, 0)
        assert builder.extract_value(made, 0) is x
        # Of what was not put there, from where it comes.
        part = builder.extract_value(made, [1, 0])
        assert (part.aggregate, part.indices) == (whole, [1, 0])


def test_types_of_calls_are_those_of_numba(monkeypatch):
    monkeypatch.setattr(jit, "CACHE_FOLDER", None)

    def both(a, b):
        return a + a, a + b, b + b, a + b

    kernel = jit.kernel(both)
    kernel(1, 2.5)
    plain = numba.njit(both)
    plain(1, 2.5)
    assert kernel.nopython_signatures == plain.nopython_signatures


def multiply_and_add(a, b, c):
    return a * b + c


@overload(multiply_and_add)
def _multiply_and_add(a, b, c):
    return lambda a, b, c: a * b + c


def test_an_implementation_of_other_options_is_not_taken(monkeypatch):
    """A user's function has its own, without the fused operation, which rounds once."""
    monkeypatch.setattr(jit, "CACHE_FOLDER", None)
    x = 1.0 + 2.0**-30

    def fused():
        return jit.kernel(lambda a, b, c: multiply_and_add(a, b, c) * 2.0)(x, x, -1.0 - 2.0**-29)

    def users():
        return numba.njit(lambda a, b, c: multiply_and_add(a, b, c))(x, x, -1.0 - 2.0**-29)

    before = fused()
    assert users() == 0.0
    assert fused() == before
    if "fma" in llvm.get_host_cpu_features() and llvm.get_host_cpu_features()["fma"]:
        assert before == 2.0 * 2.0**-60
