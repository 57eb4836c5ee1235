"""Run on small arrays what kernels write in LLVM's terms; say a digest of what comes out."""

import hashlib

import numpy as np

from scbsim.kernels.compile.jit import kernel
from scbsim.kernels.compile.plain_kernels import PLAIN
from scbsim.kernels.simd.intrinsics import (
    add_blocks,
    add_to_tables,
    are_within,
    are_zeros,
    pick_blocks,
    sum_halves,
)
from scbsim.kernels.simd.matmul import multiply, multiply_panel, subtract_product
from scbsim.kernels.simd.prefetch import prefetch


@kernel
def _add(total, table, index):
    prefetch(total, 0, total.size)
    add_blocks(total, table, index, np.uint64(total.size // 16))


@kernel
def _pick(out, words, table, bits):
    first, blocks = np.uint64(3), np.uint64(words.size // 16)
    pick_blocks(out, first, words, np.uint64(0), blocks, table, bits)


@kernel
def _tables(tables, x, a):
    add_to_tables(tables, x, a, np.uint64(x.size // 4))


@kernel
def _multiply(out, x, rows, terms, transposed, y):
    multiply(out, x, rows, terms, transposed, y)


@kernel
def _by_panels(out, x, packed):
    multiply_panel(out, x, (1, 20), 19, packed, np.int64(1))
    subtract_product(out, (4, 20), (3, 9), 32, x)


@kernel
def _row(x, bound):
    return are_zeros(x, 1), are_within(x, 1, bound), sum_halves(x, 1)


def rows(real):
    """Rows of 64 entries, from the second on: of zeros, with one other number, and of others."""
    for number in (0.0, -0.0, 1e-45, 0.5, -0.5, np.nextafter(real(0.5), real(1)), -7.0, np.inf):
        for at in 1, 17, 64:
            x = np.zeros(70, real)
            # What is beside a row does not matter.
            x[0], x[65] = 9.0, 9.0
            x[at] = number
            yield x
    yield np.random.default_rng(2).normal(size=70).astype(real)


def results():
    rng = np.random.default_rng(1)
    for real in (np.float32, np.float64):
        x, y = (rng.normal(size=shape).astype(real) for shape in ((21, 21), (21, 48)))
        for transposed in (False, True):
            out = np.zeros((21, 48), real)
            _multiply(out, x, (2, 20), 19, transposed, y)
            yield out
        out = rng.normal(size=(21, 48)).astype(real)
        _by_panels(out, y, np.ascontiguousarray(y.reshape(21, 3, 16).transpose(1, 0, 2)))
        yield out
        for size in (16, 80, 1008):
            table, total = (rng.normal(size=n).astype(real) for n in (size, 320))
            _add(total, table, rng.integers(size, size=320).astype(np.uint16))
            yield total
        for kind in (np.uint8, np.uint16):
            tables, a = (rng.normal(size=n).astype(real) for n in (64, 322))
            _tables(tables, rng.integers(16, size=322).astype(kind), a)
            yield tables
        for x in rows(real):
            yield np.array([[1.0, *_row(x, real(0.5))]])
    words = rng.integers(2**32, size=320).astype(np.uint32)
    for bits in (4, 6, 9):
        out = np.zeros(323, np.uint16)
        _pick(out, words, rng.integers(2**32, size=2**bits).astype(np.uint32), np.uint32(bits))
        yield out


if __name__ == "__main__":
    digest = hashlib.sha256()
    for array in results():
        assert array.any()
        digest.update(array.tobytes())
    print(PLAIN, digest.hexdigest())
