"""Scatter and gather by token: the two loops over the tokens of a real sample.

With up to four tokens both are compares and selects, without a table. With more, sums are scattered
to four tables in turn, and entries are gathered. In either case the order of sums is fixed.
"""

from __future__ import annotations

import numpy as np

from scbsim.kernels.batch.workspace import TABLES
from scbsim.kernels.compile.jit import inline_jit, internal_jit
from scbsim.kernels.simd.intrinsics import LANES, add_blocks, add_to_tables
from scbsim.kernels.simd.sums import pairwise_sum
from scbsim.kernels.types import Floats, Int, Tokens

FEW = 4
"""The largest N for which no table is needed."""

_u64 = np.uint64


@internal_jit
def _sums_of_few(u: Floats, x: Tokens, a: Floats, sums: Floats) -> None:
    n = a.size
    rows = n // 4
    zero = a.dtype.type(0)
    for m in range(min(u.size, FEW)):
        token = x.dtype.type(m)
        for i in range(_u64(rows)):
            j, k, h = i + _u64(rows), i + _u64(2 * rows), i + _u64(3 * rows)
            p = (a[i] if x[i] == token else zero) + (a[j] if x[j] == token else zero)
            q = (a[k] if x[k] == token else zero) + (a[h] if x[h] == token else zero)
            sums[i] = p + q
        total = pairwise_sum(sums[:rows]) if rows > 0 else zero
        for i in range(4 * rows, n):
            total += a[i] if x[i] == token else zero
        u[m] += total


@internal_jit
def _sums_of_many(tables: Floats, x: Tokens, a: Floats) -> None:
    n = a.size
    size = _u64(tables.size // TABLES)
    if size == _u64(LANES):
        add_to_tables(tables, x, a, _u64(n // 4))
    else:
        for i in range(_u64(n // 4)):
            j = _u64(4) * i
            tables[_u64(x[j])] += a[j]
            tables[_u64(x[j + _u64(1)]) + size] += a[j + _u64(1)]
            tables[_u64(x[j + _u64(2)]) + _u64(2) * size] += a[j + _u64(2)]
            tables[_u64(x[j + _u64(3)]) + _u64(3) * size] += a[j + _u64(3)]
    for i in range(n // 4 * 4, n):
        tables[_u64(x[i])] += a[i]


@inline_jit
def add_by_token(u: Floats, tables: Floats, x: Tokens, a: Floats, N: Int, sums: Floats) -> None:
    """Add each entry of ``a`` to the sum of its token.

    Parameters
    ----------
    u : (N',)
        Receives the sums if N is at most 4.
    tables : (4 N',)
        Receives them otherwise, in four parts.
    x, a : (n,)
        Tokens, and the entries to add.
    sums : (BLOCK,)
        Scratch.
    """
    if N <= FEW:
        _sums_of_few(u[:N], x, a, sums)
    else:
        _sums_of_many(tables, x, a)


@internal_jit
def _entries_of_few(g: Floats, x: Tokens, w: Floats) -> None:
    one, two, three = x.dtype.type(1), x.dtype.type(2), x.dtype.type(3)
    # Rows are padded, so there are four entries for any N.
    a, b, c, d = w[0], w[1], w[2], w[3]
    for i in range(_u64(g.size)):
        token = x[i]
        entry = b if token == one else a
        entry = c if token == two else entry
        g[i] += d if token == three else entry


@internal_jit
def _entries_of_many(g: Floats, x: Tokens, w: Floats) -> None:
    whole = g.size // LANES
    add_blocks(g, w, x, _u64(whole))
    for i in range(whole * LANES, g.size):
        g[i] += w[_u64(x[i])]


@inline_jit
def add_entries(g: Floats, x: Tokens, w: Floats, N: Int) -> None:
    """Add to each entry of ``g`` the entry of ``w`` at its token."""
    if N <= FEW:
        _entries_of_few(g, x, w)
    else:
        _entries_of_many(g, x, w)
