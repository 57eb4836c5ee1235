"""Alias tables: what they give each number is what was asked for, to the word."""

import numba
import numpy as np
import pytest

from scbsim.kernels.random.alias import make_tables, pick_from
from scbsim.kernels.simd.intrinsics import add_blocks, pick_blocks


@numba.njit
def _pick_from(words, table, bits, out):
    for i in range(words.size):
        out[i] = pick_from(words[i], table, bits)


@numba.njit
def _pick_blocks(words, table, bits, out):
    zero, blocks = np.uint64(0), np.uint64(words.size // 16)
    pick_blocks(out, zero, words, zero, blocks, table, bits)


def shares(table, bits):
    """How many words each number gets, read off the table."""
    room = 2 ** (32 - bits)
    thresholds, aliases = table >> bits, table & (2**bits - 1)
    counts = thresholds.astype(np.int64)
    np.add.at(counts, aliases, room - thresholds.astype(np.int64))
    return counts


def some_counts(bits, kind, rng):
    size = 2**bits
    if kind == "even":
        return np.full(size, 2**32 // size)
    if kind == "one":
        return np.eye(1, size, size - 1, dtype=np.int64)[0] * 2**32
    if kind == "tiny":
        return np.array([2**32 - size + 1] + [1] * (size - 1))
    shape = {"sharp": 0.02, "flat": 5.0}[kind]
    counts = np.floor(rng.dirichlet(np.full(size, shape)) * 2**32).astype(np.int64)
    counts[counts.argmax()] += 2**32 - counts.sum()
    return counts


@pytest.mark.parametrize("kind", ["even", "one", "tiny", "sharp", "flat"])
@pytest.mark.parametrize("bits", [1, 2, 3, 7, 12, 16])
def test_a_table_gives_each_number_its_words(bits, kind):
    counts = np.array([some_counts(bits, kind, np.random.default_rng(bits)) for _ in range(2)])
    tables = np.empty(counts.shape, np.uint32)
    make_tables(counts.copy(), tables)
    for wanted, table in zip(counts, tables, strict=True):
        assert wanted.sum() == 2**32
        assert shares(table, bits).tolist() == wanted.tolist()


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "uint32"])
@pytest.mark.parametrize("bits", [1, 4, 5, 6, 7, 8])
def test_words_are_read_as_the_table_says(bits, dtype):
    """Alone and 16 at a time: bucket, then threshold, on its both sides."""
    rng = np.random.default_rng(bits)
    counts = some_counts(bits, "flat", rng)[None]
    table = np.empty((1, 2**bits), np.uint32)
    make_tables(counts.copy(), table)
    table = table[0]
    buckets = rng.integers(2**bits, size=1600)
    least = (table >> bits)[buckets].astype(np.int64)
    rest = (least + rng.integers(-2, 2, 1600)) % 2 ** (32 - bits)
    words = (buckets << (32 - bits) | rest).astype(np.uint32)
    right = np.where(rest < least, buckets, (table & (2**bits - 1))[buckets])
    for function in (_pick_from, _pick_blocks):
        out = np.empty(1600, dtype)
        function(words, np.pad(table, (0, max(0, 16 - len(table)))), np.uint32(bits), out)
        assert out.tolist() == right.tolist()


@numba.njit
def _add(total, table, index):
    add_blocks(total, table, index, np.uint64(total.size // 16))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("size", [*range(16, 161, 16), 1008])
def test_entries_are_added_whatever_the_table(size, dtype):
    """In one register to eight, and in memory."""
    rng = np.random.default_rng(size)
    table, total = rng.normal(size=size).astype(dtype), rng.normal(size=1600).astype(dtype)
    index = rng.integers(size, size=1600).astype(np.uint16)
    index[:16], index[16:32] = size - 1, 0
    right = total + table[index]
    _add(total, table, index)
    assert total.tobytes() == right.tobytes()
