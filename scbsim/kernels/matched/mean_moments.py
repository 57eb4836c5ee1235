"""Moments of a value matrix that is known by two scalars: `docs/model.md`, section 6c.

They are means over the direction of the rest of W: that of a Gaussian matrix with one covariance
A for all columns, projected from the right and at right angles to the target. If A is the
projection from the left, the direction is uniform, and the means are exact.
"""

from __future__ import annotations

from typing import NamedTuple

from scbsim.kernels.compile.jit import inline_jit, internal_jit
from scbsim.kernels.matched.moments import Moments
from scbsim.kernels.matched.products import PairMoments


class TargetSums(NamedTuple):
    """Sums over the target, computed once for a task. Column m of ``P~`` is ``t_m``."""

    K: float  # ||P~||_F^2
    n: float  # N - 1
    H2: float  # tr H^2 with H = P~ P~'
    CH: float
    fourth: float  # sum of |t_m|^4 / mu_m
    second: float  # sum of |t_m|^2 / mu_m
    free_second: float  # sum of (1 - mu_m) |t_m|^2 / mu_m
    free_along: float  # sum of (1 - mu_m) t_m' A t_m / mu_m
    free: float  # sum of (1 - mu_m) / mu_m
    free_square: float  # sum of (1 - mu_m)^2 / mu_m
    FPP: float
    free_outputs: float  # F_Z of the Gaussian matrix: its mean
    AH: float
    AC: float
    A2: float  # tr A^2, with tr A = N - 1
    outputs: float  # mu'P1
    mu_square: float
    C2: float  # tr C^2
    output_square: float  # sum of mu_m tr E_m^2, with E_m = E[(e_o - mu)(e_o - mu)' | m]


@inline_jit
def _along_target(s: TargetSums) -> float:
    """Return the variance of the Gaussian matrix along the target, by the target's square."""
    return s.AH / (s.K * s.K) if s.K > 0.0 else 0.0


@inline_jit
def _quadratic(s: TargetSums, state: tuple[float, float], on_target: float, free: float) -> float:
    """Return the mean of a quadratic form of W.

    Parameters
    ----------
    state : (alpha, rest)
        ``alpha_V`` and ``rho_V^2``.
    on_target : float
        The form of the target.
    free : float
        Its mean over the Gaussian matrix before its part along the target is taken away.
    """
    alpha, rest = state
    h = _along_target(s)
    of_rest = free - h * on_target
    return alpha * alpha * on_target + rest * of_rest / max(s.n * s.n - h * s.K, 1.0)


@inline_jit
def _cubic(s: TargetSums, state: tuple[float, float], on_target: float, free: float) -> float:
    """Return the mean of a cubic form; ``free``: two of the three are normals."""
    alpha, rest = state
    h = _along_target(s)
    pairs = (free - 3.0 * h * on_target) / max(s.n * s.n - h * s.K, 1.0)
    return alpha * (alpha * alpha * on_target + rest * pairs)


@inline_jit
def _quartic(
    s: TargetSums, state: tuple[float, float], on_target: float, free: tuple[float, float]
) -> float:
    """Return the mean of a quartic form; ``free``: two or all four are normals."""
    alpha, rest = state
    two, four = free
    h = _along_target(s)
    D = max(s.n * s.n - h * s.K, 1.0)
    pairs = (two - 6.0 * h * on_target) / D
    all_four = four - h * two + 3.0 * h * h * on_target
    variance = max(s.n * s.A2 - h * s.K * h * s.K, 1.0)
    of_rest = rest * rest * all_four / (D * D + 2.0 * variance)
    square = alpha * alpha
    return square * square * on_target + square * rest * pairs + of_rest


@internal_jit
def mean_moments(s: TargetSums, alpha: float, rest: float) -> tuple[Moments, PairMoments]:
    """Return the moments of a V of signal ``alpha``; ``rest`` is ``rho_V^2``."""
    state, n, K = (alpha, rest), s.n, s.K
    moments = Moments(
        alpha * alpha * K + rest,
        alpha * K,
        _quartic(
            s, state, s.H2, (2.0 * (n * K + (n + 1.0) * s.AH), n * n * n + n * (n + 1.0) * s.A2)
        ),
        _cubic(s, state, s.H2, n * K + (n + 1.0) * s.AH),
        _quadratic(s, state, s.CH, n * s.AC),
        _quartic(
            s,
            state,
            s.fourth,
            (2.0 * n * s.free_second + 4.0 * s.free_along, (n * n + 2.0 * s.A2) * s.free_square),
        ),
        _cubic(s, state, s.fourth, n * s.free_second + 2.0 * s.free_along),
        _quadratic(s, state, s.FPP, s.free_outputs),
        _quadratic(s, state, s.second, n * s.free),
        alpha * s.second,
        s.outputs,
    )
    pairs = PairMoments(
        _quadratic(s, state, s.H2, n * K),
        _quadratic(s, state, s.H2, s.AH),
        _quadratic(s, state, s.H2, n * s.AH),
        alpha * s.H2,
        alpha * s.CH,
        s.CH,
        _quadratic(s, state, s.fourth, s.free_along),
        _quadratic(s, state, s.fourth, n * s.free_second),
        alpha * s.fourth,
        alpha * s.FPP,
        s.FPP,
    )
    return moments, pairs
