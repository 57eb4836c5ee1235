"""An isotropic step of a vector, on its component along a target and the norm of its rest.

`docs/model.md`, section 6. The vector ``x = alpha t + r`` has D dimensions; ``r`` is orthogonal to
the target ``t``, whose squared norm is K. The noise is isotropic: its components along t and along
r are normals, and its squared norm in the other dimensions is a chi-square.
"""

from __future__ import annotations

import numpy as np

from scbsim.kernels.compile.jit import internal_jit
from scbsim.kernels.gaussian.turning import cosine_of
from scbsim.kernels.random.variates import chi_square, lane_at, two_normals
from scbsim.kernels.types import Counter, Factors, Key


@internal_jit
def step_component(
    vector: tuple[float, float],
    target: tuple[float, float],
    factors: Factors,
    counter: Counter,
    key: Key,
) -> tuple[float, float, float]:
    """Take ``x <- keep x + pull t + amplitude z``, with z standard normal in all D dimensions.

    Parameters
    ----------
    vector : (alpha, rest)
        ``rest`` is ``|r|^2``.
    target : (K, D)
        K is 0 if there is no target; alpha then stays 0, and the rest has all D dimensions.
    factors : (keep, pull, amplitude)

    Returns
    -------
    alpha, rest : float64
    cosine : float64
        Of the turn of the rest's direction.
    """
    alpha, rest = vector
    K, D = target
    keep, pull, amplitude = factors
    z, y, square = 0.0, 0.0, 0.0
    free = D - 1.0 if K > 0.0 else D
    if amplitude > 0.0:
        z, y, lane = two_normals(lane_at(0, counter, key))
        square, lane = chi_square(free - 1.0, lane)
    if K > 0.0:
        alpha = keep * alpha + pull + amplitude * z / np.sqrt(K)
    root = keep * np.sqrt(rest)
    if free >= 1.0:
        root += amplitude * y
    rest = root * root + amplitude * amplitude * square
    return alpha, rest, cosine_of(root, rest)
