"""The numbers of a step of a column off its support, and which rows a simpler step will do for."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from scbsim.kernels.compile.jit import by_presence, inline_jit
from scbsim.kernels.gaussian.rules import leaves_zeros
from scbsim.kernels.matched.coefficients import amplitude_at
from scbsim.kernels.matched.near_zero import NearZero, near_zero
from scbsim.kernels.simd.intrinsics import are_within
from scbsim.kernels.types import Curve, Floats, Real

# These raise no number to a higher precision.
_SMALLER, _ONE = np.float32(0.999), np.float32(1)
_SMALLEST = np.float32(1e-30)  # far from numbers that have fewer digits
_LEAST = np.float32(3)  # levels of the noise: in 5 rows of 6 all 64 normals are less


class ColumnStep(NamedTuple):
    """The numbers of a column's step, in the type of the bulk, each multiplied by the rate.

    Under a rule that is a function in Python they are not, as it takes the gradient itself.

    The decay is not subtracted from 1: the difference, rounded to float32, would change the rate at
    which entries decay.
    """

    decay: Real
    amplitude: Real
    threshold: Real
    curve: Curve | NearZero
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


def _same(curve: None, step: ColumnStep, s: Floats) -> ColumnStep:
    return step


def _at_zero(curve: Curve, step: ColumnStep, s: Floats) -> ColumnStep:
    amplitude = amplitude_at(curve, step.amplitude, s.dtype.type(0))
    return ColumnStep(step.decay, amplitude, step.threshold, None, step.shift, step.rate)


from_zeros = by_presence(_same, _at_zero, forceinline=True)
"""``from_zeros(curve, step, s)``: the numbers of a step of zeros, which have one level."""


def _no_limits(curve: None, step: ColumnStep, s: Floats) -> tuple[ColumnStep, ColumnStep]:
    return step, step


@inline_jit
def _with_curve(step: ColumnStep, curve: NearZero) -> ColumnStep:
    return ColumnStep(step.decay, step.amplitude, step.threshold, curve, step.shift, step.rate)


def _without_roots(curve: Curve, step: ColumnStep, s: Floats) -> tuple[ColumnStep, ColumnStep]:
    nearest, near = near_zero(curve, step.amplitude, s)
    return _with_curve(step, nearest), _with_curve(step, near)


near_zeros = by_presence(_no_limits, _without_roots, forceinline=True)
"""``near_zeros(curve, step, s)``: the numbers of a step of entries nearest zero, and near it."""


def _no_block(curve: None, squares: float) -> bool:
    return False


def _block_within(near: NearZero, squares: float) -> bool:
    limit = np.float64(near.limit)
    # More than the sum, by its rounding and by squares that are less than the smallest number.
    most = 1.001 * squares + 1e-40
    return bool(limit > 0.0 and squares > 0.0 and most <= limit * limit)


is_block_near_zero = by_presence(_no_block, _block_within, forceinline=True)
"""``is_block_near_zero(near.curve, squares)``: whether all rows of a block are near zero.

``squares`` is the sum of the squares of its entries, or 0 or infinity if it is not known. The test
takes no time, and fails in many blocks whose rows pass :func:`is_row_near_zero`: entries of equal
size have to be 45 times smaller than the limit.
"""


def _no_row(curve: None, s: Floats, at: np.uint64) -> bool:
    return False


def _row_within(near: NearZero, s: Floats, at: np.uint64) -> bool:
    return bool(near.limit >= 0 and are_within(s, at, near.limit))


is_row_near_zero = by_presence(_no_row, _row_within, forceinline=True)
"""``is_row_near_zero(near.curve, s, at)``: whether a row may be stepped with these numbers."""


@inline_jit
def quiet_size(rule: Any, threshold: Real, level: Real, shift: Real) -> Real:
    """Return a size of noise up to which zeros stay 0, or -1; all are times the rate.

    It is -1 if testing for it would not pay: at a low threshold most rows have a larger noise.

    Parameters
    ----------
    level : float32 or float64
        That of the noise of zeros.
    shift : float32 or float64
        What is added to the noise.
    """
    # Less than the threshold by more than any rounding.
    moved = max(shift, -shift)
    size = _SMALLER * (threshold - moved)
    pays = leaves_zeros(rule) and size >= max(_LEAST * level, moved, _SMALLEST)
    return size if pays else -_ONE
