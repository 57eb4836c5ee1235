"""The entries of A off the support as two numbers a column: `docs/model.md`, section 6b.

They are the component of ``s_k`` along the ones and the square of the rest. The noise off the
support has a part along ``a_k``, one at right angles to it in the plane of ``a_k`` and the ones,
and one in the other dimensions, of which only the square counts.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from scbsim.kernels.compile.jit import inline_jit
from scbsim.kernels.gaussian.turning import cosine_of
from scbsim.kernels.types import F64, Int


class OffSupport(NamedTuple):
    """Of the ``n = T - Q`` entries of each column off the support."""

    along: F64  # (N,): the component along the ones, ``sum s / sqrt(n)``
    square: F64  # (N,): the squared length of the rest
    cosine: F64  # (N,): of the turn of the rest's direction in the last step; see `turning`
    since: F64  # (N,) or (0,): the cosine with its known direction; empty if none is known
    free: F64  # (N,): dimensions at right angles to the ones and the rest; not changed


def make_off_support(N: int, n: int) -> OffSupport:
    """Allocate the numbers of N columns with n entries off the support."""
    free = np.full(N, max(n - 2.0, 0.0))
    return OffSupport(np.zeros(N), np.zeros(N), np.ones(N), np.empty(0), free)


@inline_jit
def of_column(off: OffSupport, support: F64, k: Int, T: float) -> tuple[float, float, float]:
    """Return of ``a_k`` its intercept and, off the support, what is along the ones; the square."""
    root = np.sqrt(T - support.shape[1])
    total = root * off.along[k]
    for j in range(support.shape[1]):
        total += support[k, j]
    c = (1.0 - total) / T
    along = off.along[k] + root * c
    return c, along, along * along + off.square[k]


@inline_jit
def move(
    off: OffSupport,
    k: Int,
    of_a: tuple[float, float],
    keep: float,
    change: tuple[float, float],
    others: float,
) -> None:
    """Multiply a column by ``keep`` and subtract a change.

    Parameters
    ----------
    of_a : (along, square)
        Of ``a_k``: see :func:`of_column`.
    change : (along, across)
        What is subtracted along ``a_k``, and at right angles to it in the plane with the ones.
    others : float
        The square of what is subtracted in all other dimensions.
    """
    ones, square = of_a
    along, across = change
    length, rest = np.sqrt(square), np.sqrt(off.square[k])
    cosine, sine = (ones / length, rest / length) if length > 0.0 else (1.0, 0.0)
    off.along[k] = keep * off.along[k] - (along * cosine - across * sine)
    rest = keep * rest - (along * sine + across * cosine)
    off.square[k] = rest * rest + others
    off.cosine[k] = cosine_of(rest, off.square[k])


@inline_jit
def write_sums(off: OffSupport, n: float, off_sums: F64) -> None:
    """Write the sum of ``s_k`` off the support, ``n`` entries, and that of its squares."""
    root = np.sqrt(n)
    for k in range(off.along.size):
        off_sums[k, 0] = root * off.along[k]
        off_sums[k, 1] = off.along[k] * off.along[k] + off.square[k]


@inline_jit
def write_powers(off: OffSupport, n: float, powers: F64) -> None:
    """Write the sums of ``s_k^3`` and ``s_k^4`` off the support, ``n`` entries.

    They are means over the direction of the rest, which is uniform.
    """
    count = max(n, 1.0)
    root = np.sqrt(count)
    for k in range(off.along.size):
        mean, square = off.along[k] / root, off.square[k]
        fourth = 3.0 * square * square * (count - 1.0) / (count * (count + 1.0))
        powers[k, 0] = mean * (count * mean * mean + 3.0 * square)
        powers[k, 1] = mean * mean * (count * mean * mean + 6.0 * square) + fourth
