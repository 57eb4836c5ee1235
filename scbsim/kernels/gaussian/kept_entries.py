"""Entries off the support of A, computed from drawn directions and never stored: those kept.

A column's entries are ``s = base + scale r``, with r of `directions`, and ``a = s + c``.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from scbsim.kernels.compile.jit import internal_jit, kernel
from scbsim.kernels.gaussian.directions import (
    Buffers,
    Directions,
    fill_direction,
    fill_off_support,
    total,
)
from scbsim.kernels.random.normal import BLOCK
from scbsim.kernels.types import F64, I64, Floats, Int

_LANES = np.uint64(BLOCK // 4)


class Lines(NamedTuple):
    """How entries follow from directions, and which are kept."""

    base: F64  # (N,)
    scale: F64  # (N,)
    intercept: F64  # (N,): c
    cut: F64  # (N,): an entry of s is kept if it is at least this
    tops: F64  # (blocks,): the largest s of each block, through all columns


@internal_jit
def fill_entries(D: Directions, L: Lines, k: Int, block: Int, own: Buffers) -> None:
    """Write to ``own.r`` the entries of a block, with minus infinity on the support."""
    fill_direction(D, D.drawn.shape[0], k, block, own)
    base, scale = L.base[k], L.scale[k]
    for i in range(BLOCK):
        own.r[i] = base + scale * own.r[i]
    fill_off_support(own.r, D, k, block, -np.inf)


@internal_jit
def _sum_kept(s: F64, cut: float, c: float, sum_0: F64, sum_1: F64, sum_2: F64) -> None:
    for i in range(_LANES):
        total, first, second = 0.0, 0.0, 0.0
        for quarter in range(4):
            x = s[i + np.uint64(quarter) * _LANES]
            there = 1.0 if x >= cut else 0.0
            a = x + c if x >= cut else 0.0
            total += there
            first += a
            second += a * a
        sum_0[i], sum_1[i], sum_2[i] = total, first, second


@kernel
def sum_kept(D: Directions, L: Lines, span: tuple[Int, Int], sums: F64, own: Buffers) -> None:
    """Write the number of kept entries, their sum and that of their squares, block by block.

    The sums are of ``a``; ``sums`` is (blocks, 3). Blocks below the cut are not computed.
    """
    per_column = (D.T + BLOCK - 1) // BLOCK
    for index in range(span[0], span[1]):
        k, block = index // per_column, index % per_column
        sums[index, :] = 0.0
        if L.tops[index] < L.cut[k]:
            continue
        fill_entries(D, L, k, block, own)
        _sum_kept(own.r, L.cut[k], L.intercept[k], own.sums[0], own.sums[1], own.sums[2])
        for i in range(3):
            sums[index, i] = total(own.sums[i])


@kernel
def list_kept(
    D: Directions,
    L: Lines,
    span: tuple[Int, Int],
    first: I64,
    position: I64,
    s: F64,
    own: Buffers,
) -> None:
    """Write positions and values of the kept entries; those of block i begin at ``first[i]``."""
    per_column = (D.T + BLOCK - 1) // BLOCK
    for index in range(span[0], span[1]):
        k, block = index // per_column, index % per_column
        if first[index] == first[index + 1]:
            continue
        fill_entries(D, L, k, block, own)
        at, cut = first[index], L.cut[k]
        for i in range(BLOCK):
            if own.r[i] >= cut:
                position[at], s[at] = block * BLOCK + i, own.r[i]
                at += 1


@kernel
def write_entries(
    D: Directions, L: Lines, span: tuple[Int, Int], out: Floats, own: Buffers
) -> None:
    """Write entries to ``out``, from the first block's first position on; 0 on the support.

    All blocks are of one column.
    """
    per_column = (D.T + BLOCK - 1) // BLOCK
    for index in range(span[0], span[1]):
        k, block = index // per_column, index % per_column
        fill_entries(D, L, k, block, own)
        start = (index - span[0]) * BLOCK
        for i in range(min(BLOCK, D.T - block * BLOCK)):
            x = own.r[i]
            out[start + i] = x if x > -np.inf else 0.0
