"""The noise of a block of the bulk, and its part along the column of A: `docs/model.md`, 5b."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from scbsim.kernels.compile.jit import by_presence, inline_jit
from scbsim.kernels.gaussian.state import Attention
from scbsim.kernels.matched.coefficients import amplitude_at
from scbsim.kernels.matched.joint_noise import square_of_block
from scbsim.kernels.matched.joint_state import JointNoise
from scbsim.kernels.random.normal import BLOCK
from scbsim.kernels.simd.sums import pairwise_sum
from scbsim.kernels.types import I64, Curve, Floats, Int, Real

_LANES = np.uint64(BLOCK // 4)


class ColumnStep(NamedTuple):
    """The numbers of a column's step, in the type of the bulk, each multiplied by the rate.

    Under a rule that is a function in Python they are not, as it takes the gradient itself.

    The decay is not subtracted from 1: the difference, rounded to float32, would change the rate at
    which entries decay.
    """

    decay: Real
    amplitude: Real
    threshold: Real
    curve: Curve
    # of noise that is multiplied by its level already: added to each change; None for other noise
    shift: Real | None = None
    # of a rule that is a function in Python, else None: the rate, by which nothing is multiplied
    rate: Real | None = None


@inline_jit
def entry_noise(shift: Real | None, step: ColumnStep, s: Real, z: Real) -> Real:
    """Return the noise of an entry, times the rate."""
    if shift is not None:
        return shift + z
    return amplitude_at(step.curve, step.amplitude, s) * z


@inline_jit
def first_at_least(positions: I64, bound: Int) -> Int:
    """Return the index of the first of the ascending positions that is at least ``bound``."""
    low, high = 0, positions.size
    while low < high:
        middle = (low + high) // 2
        if positions[middle] < bound:
            low = middle + 1
        else:
            high = middle
    return low


@inline_jit
def _multiply_by_levels(
    s: Floats, z: Floats, rows: Int, step: ColumnStep, c: Real, sums: Floats
) -> None:
    """Multiply normals by their levels; write sums of four products with ``a = s + c``."""
    curve, amplitude = step.curve, step.amplitude
    for i in range(np.uint64(rows)):
        j, k, m = i + _LANES, i + np.uint64(2) * _LANES, i + np.uint64(3) * _LANES
        s_i, s_j, s_k, s_m = s[i], s[j], s[k], s[m]
        a = amplitude_at(curve, amplitude, s_i) * z[i]
        b = amplitude_at(curve, amplitude, s_j) * z[j]
        e = amplitude_at(curve, amplitude, s_k) * z[k]
        d = amplitude_at(curve, amplitude, s_m) * z[m]
        z[i] = a
        z[j] = b
        z[k] = e
        z[m] = d
        sums[i] = (a * (s_i + c) + b * (s_j + c)) + (e * (s_k + c) + d * (s_m + c))


@inline_jit
def _multiply_by_level(z: Floats, rows: Int, level: Real, sums: Floats) -> None:
    """Multiply normals by one level; write sums of four of them."""
    for i in range(np.uint64(rows)):
        j, k, m = i + _LANES, i + np.uint64(2) * _LANES, i + np.uint64(3) * _LANES
        a, b, c, d = level * z[i], level * z[j], level * z[k], level * z[m]
        z[i] = a
        z[j] = b
        z[k] = c
        z[m] = d
        sums[i] = (a + b) + (c + d)


def _without_joint(
    joint: None,
    A: Attention,
    which: tuple[Int, Int],
    rate: float,
    step: ColumnStep,
    buffers: tuple[Floats, Floats, Floats, Floats],
) -> ColumnStep:
    return step


def _with_joint(
    joint: JointNoise,
    A: Attention,
    which: tuple[Int, Int],
    rate: float,
    step: ColumnStep,
    buffers: tuple[Floats, Floats, Floats, Floats],
) -> ColumnStep:
    """Replace the noise of a block along ``a_k`` by that of `JointNoise.blocks`.

    ``z`` becomes the noise times the rate, without its new part, which the returned numbers have.
    """
    k, block = which
    s, z, sums, _ = buffers
    real, c = s.dtype.type, joint.intercepts[k]
    start = block * BLOCK
    count = min(BLOCK, A.bulk.shape[1] - start)
    rows = min(count, BLOCK // 4)
    if A.block_sums[k, block, 1] == 0.0:
        # Under an l1 rule most blocks have all entries at zero: one level, and no roots.
        at_zero = amplitude_at(step.curve, step.amplitude, real(0))
        _multiply_by_level(z, rows, at_zero, sums)
        product = c * np.float64(pairwise_sum(sums[:rows]))
    else:
        _multiply_by_levels(s, z, rows, step, real(c), sums)
        product = np.float64(pairwise_sum(sums[:rows]))
    first = first_at_least(A.positions[k], start)
    last = first_at_least(A.positions[k], start + count)
    square = square_of_block(A, k, block, c, count - (last - first))
    part = (rate * joint.blocks[k, block] - product) / square if square > 0.0 else 0.0
    shift = real(part * c)
    for j in range(first, last):
        # A support entry stays 0 in the bulk.
        z[A.positions[k, j] - start] = -shift
    for i in range(count, z.size):
        z[i] = -shift
    return ColumnStep(
        real(np.float64(step.decay) + part),
        step.amplitude,
        step.threshold,
        step.curve,
        shift,
        step.rate,
    )


replace_along = by_presence(_without_joint, _with_joint)
