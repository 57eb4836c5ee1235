"""What the compiler made of the loops: vectors."""

import os
import platform
import re
import subprocess
import sys
from pathlib import Path

import llvmlite.binding as llvm
import numpy as np
import pytest
from scbsim_testing.assembly import assembly_of

from scbsim.kernels.gaussian.block_update import _draw_and_update_by_rule
from scbsim.kernels.gaussian.bulk_noise import Place
from scbsim.kernels.gaussian.column_step import ColumnStep
from scbsim.kernels.gaussian.state import Attention
from scbsim.kernels.matched.traces import make_traces, multiply_packed
from scbsim.kernels.random.exponential import BATCH, fill_exponentials
from scbsim.kernels.random.normal import BLOCK, LANE_WORDS, ROW, fill_normals
from scbsim.kernels.random.short_blocks import _pairs
from scbsim.kernels.random.xoshiro import fill_words
from scbsim.kernels.simd.intrinsics import add_blocks, pick_blocks

FEATURES = llvm.get_host_cpu_features()
ON_X86 = platform.machine() in ("x86_64", "AMD64")
x86_only = pytest.mark.skipif(not ON_X86, reason="reads x86-64 assembly")


def _words(words, calls, first, counter, key):
    fill_words(words, 128, calls, first, counter, key)


def _normals(z, words, count):
    one = np.uint64(1)
    fill_normals(z, words, count, 0, (one, one, one), (one, one))


def _short_pairs(z, words, calls):
    _pairs(z, words)


def _exponentials(e, words, batch, counter, key):
    fill_exponentials(e, words, batch, counter, key)


def _products(x, y, rows, panels, out):
    multiply_packed(x, y, rows, panels, out)


def _step(rule, s, own, A, place, step, words):
    return _draw_and_update_by_rule(rule, s, own, A, place, step, words)


def step_arguments(dtype, curve):
    """Of a step of a whole block."""
    one, s = dtype(1), np.zeros(BLOCK, dtype)
    few = np.zeros((1, 1))
    sums, places = np.zeros((1, 1, 4)), np.zeros((1, 1), np.int64)
    A = Attention(s[None], few, places, few, few, sums, few)
    place = Place(0, 0, 0, BLOCK, np.uint64(BLOCK // ROW), 0, True)
    own, words = np.zeros(2 * ROW, dtype), np.zeros(LANE_WORDS, np.uint32)
    return 1, s, own, A, place, ColumnStep(one, one, one, curve), words


def widest(function, arguments, instruction):
    """Compile for some arguments; count the instruction, by the widest register it uses.

    Returns the letter of that register (x, y or z for 128, 256 or 512 bits) and the number.
    """
    assembly = assembly_of(function, arguments)
    found = [
        max(re.findall("%([xyz])mm", operands))
        for operands in re.findall(rf"^\s+v?{instruction}\s+(.*)$", assembly, re.MULTILINE)
    ]
    return (max(found), found.count(max(found))) if found else ("", 0)


def wide_enough(register):
    """Whether a register is as wide as this machine should use: LLVM may well prefer 256 bits."""
    return register in ("y", "z") if FEATURES.get("avx2") else register != ""


@x86_only
def test_words():
    one = np.uint64(1)
    arguments = (np.zeros(BLOCK, np.uint32), 512, one, (one, one, one), (one, one))
    register, count = widest(_words, arguments, "pmuludq")
    # Ten rounds with two products each; in the first two, one factor is the same for all.
    assert wide_enough(register)
    assert count >= 18
    # One shift for each of a lane's words but the last three.
    register, count = widest(_words, arguments, "pslld")
    assert wide_enough(register)
    assert count >= 13


@x86_only
@pytest.mark.parametrize(
    ("function", "dtype", "root"),
    [
        (_normals, np.float32, "sqrtps"),
        (_normals, np.float64, "sqrtpd"),
        (_short_pairs, np.float64, "sqrtpd"),
    ],
)
def test_normals(function, dtype, root):
    arguments = (np.zeros(BLOCK, dtype), np.zeros(2 * BLOCK, np.uint32), 512)
    register, _ = widest(function, arguments, root)
    assert wide_enough(register)


@x86_only
def test_exponentials():
    one = np.uint64(1)
    arguments = (np.zeros(BATCH), np.zeros(2 * BATCH, np.uint32), one, (one, one, one), (one, one))
    # The logarithm's division, and the generator's shifts.
    for instruction, least in (("divpd", 1), ("pslld", 8)):
        register, count = widest(_exponentials, arguments, instruction)
        assert wide_enough(register)
        assert count >= least


@x86_only
@pytest.mark.parametrize(
    ("dtype", "kind"), [(np.float32, "ps"), (np.float64, "pd")], ids=["float32", "float64"]
)
def test_step(dtype, kind):
    arguments = step_arguments(dtype, None)
    register, count = widest(_step, arguments, "min" + kind)
    # Two streams under each of the two rules that threshold.
    assert wide_enough(register)
    assert count >= 4
    register, count = widest(_step, arguments, "sqrt" + kind)
    # Isotropic levels do not depend on the entry: one root for two normals.
    assert wide_enough(register)
    assert count <= 12
    # A generator's words are in registers as wide, in either precision.
    register, _ = widest(_step, arguments, "pslld")
    assert wide_enough(register)
    # Entries are read and written by whole vectors.
    for instruction in ("gatherq", "scatterq"):
        assert widest(_step, arguments, instruction + kind) == ("", 0)


COUNT = """
import re
import numpy as np
from test_machine_code import _step, assembly_of, step_arguments
assembly = assembly_of(_step, step_arguments(np.float32, None))
print(len(re.findall(r"^\\s+(?:rol|ror|rorx)l\\s", assembly, re.MULTILINE)), "xmm" in assembly)
"""


@x86_only
def test_a_step_has_no_second_loop_for_arrays_that_overlap():
    """Such a loop draws one word at a time, and before each row all pointers are compared.

    In a process of its own: what other tests have compiled before changes what is inlined.
    """
    here = [str(Path(__file__).parent), *sys.path]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, here))}
    line = [sys.executable, "-c", COUNT]
    done = subprocess.run(line, env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["0", "True"]


@pytest.mark.slow
@x86_only
@pytest.mark.parametrize(
    ("dtype", "kind"), [(np.float32, "ps"), (np.float64, "pd")], ids=["float32", "float64"]
)
def test_step_under_matched_noise(dtype, kind):
    arguments = step_arguments(dtype, (dtype(1),) * 3)
    register, count = widest(_step, arguments, "sqrt" + kind)
    assert wide_enough(register)
    assert count >= 9  # two streams under each rule, and the normals' own


@x86_only
def test_products_of_matrices():
    scratch = make_traces(1, 9)
    x, y, out = scratch.packed[0, 0], scratch.packed[0, 1], scratch.squares[0, 0]
    register, count = widest(_products, (x, y, 9, 1, out), "vfmadd...pd")
    if FEATURES.get("fma"):
        # Eight rows of two registers each.
        assert wide_enough(register)
        assert count >= 16


def _picked(out, words, table, bits):
    zero = np.uint64(0)
    pick_blocks(out, zero, words, zero, np.uint64(words.size // 16), table, bits)


def _added(total, table, index):
    add_blocks(total, table, index, np.uint64(total.size // 16))


@x86_only
@pytest.mark.skipif(not FEATURES.get("avx512f"), reason="without AVX-512 LLVM weighs gathers")
def test_tables_are_looked_up_in_registers_or_by_gathers():
    words, table = np.zeros(2048, np.uint32), np.zeros(128, np.uint32)
    # One and up to eight registers; tables that are larger in memory.
    for instruction, least in (("pgatherdd", 1), ("permd", 1), ("perm[it]2d", 12)):
        arguments = (np.zeros(2048, np.uint8), words, table, 7)
        register, count = widest(_picked, arguments, instruction)
        assert wide_enough(register)
        assert count >= least
    for dtype, instruction in ((np.float32, "gatherdps"), (np.float64, "gatherdpd")):
        arguments = (np.zeros(2048, dtype), np.zeros(100, dtype), np.zeros(2048, np.uint8))
        register, count = widest(_added, arguments, instruction)
        assert wide_enough(register)
        assert count >= 1
