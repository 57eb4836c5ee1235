"""Moments of the value matrix that set the levels of matched noise: `docs/model.md`, 5b."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from scbsim.kernels.compile.jit import inline_jit, internal_jit, kernel
from scbsim.kernels.matched.products import (
    PairMoments,
    Products,
    pair_sums,
    set_products,
)
from scbsim.kernels.matched.traces import Traces, traces
from scbsim.kernels.types import F64, Int

if TYPE_CHECKING:
    from scbsim.kernels.gaussian.state import Value


class Moments(NamedTuple):
    """Moments of V and its target, in the symbols of `docs/model.md`."""

    kappa: float  # ||W||_F^2
    kappa_prime: float  # <W, P~>_F
    M2: float
    KM: float
    CM: float
    F4: float
    F3: float
    FZ: float
    square: float  # ||Vb||_F^2
    product: float  # <Vb, Pb>_F
    outputs: float  # mu'P1


@inline_jit
def _sum_columns(V: Value, mu: F64, columns: F64) -> None:
    """Write the column sums of ``W^2``, ``W P~``, ``mu W`` and ``mu P~``.

    Then those of ``mu D^2`` and ``P~ D^2``, with ``D`` the distance of W from ``mu'W``.
    """
    squares, products, means = columns[0], columns[1], columns[2]
    of_P, spread, weighted = columns[3], columns[4], columns[5]
    columns[:6, :] = 0.0
    for n in range(mu.size):
        w, p, mu_n = V.W[n], V.target[n], mu[n]
        for m in range(mu.size):
            squares[m] += w[m] * w[m]
            products[m] += w[m] * p[m]
            means[m] += mu_n * w[m]
            of_P[m] += mu_n * p[m]
    for n in range(mu.size):
        w, p, mu_n = V.W[n], V.target[n], mu[n]
        for m in range(mu.size):
            off = w[m] - means[m]
            spread[m] += mu_n * off * off
            weighted[m] += p[m] * off * off


@internal_jit
def moments_of(V: Value, mu: F64, columns: F64, M2: float, KM: float) -> Moments:
    """Return the :class:`Moments`, given the two of fourth order; ``columns`` is scratch."""
    _sum_columns(V, mu, columns)
    kappa, kappa_prime, CM, F4, F3, FZ = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    square, product, outputs, mu_square = 0.0, 0.0, 0.0, 0.0
    for m in range(mu.size):
        squares, products = columns[0, m], columns[1, m]
        kappa += squares
        kappa_prime += products
        CM += columns[4, m]
        F4 += squares * squares / mu[m]
        F3 += squares * products / mu[m]
        # P = mu 1' + P~ diag(1/sqrt(mu))
        FZ += columns[4, m] + columns[5, m] / V.root_mu[m]
        square += squares / mu[m]
        product += products / mu[m]
        outputs += columns[3, m] / V.root_mu[m]
        mu_square += mu[m] * mu[m]
    outputs += mu.size * mu_square
    return Moments(kappa, kappa_prime, M2, KM, CM, F4, F3, FZ, square, product, outputs)


@kernel
def moments(V: Value, mu: F64, scratch: Traces) -> Moments:
    """Return the :class:`Moments` of a value matrix with ``V mu = mu``."""
    M2, KM = traces(V, scratch)
    return moments_of(V, mu, scratch.columns, M2, KM)


@internal_jit
def _of_target(V: Value, mu: F64, columns: F64) -> tuple[float, float, float, float, float]:
    """Return ``F22``, ``F22x``, ``F13``, ``FZP`` and ``FPP``, given the sums of :func:`moments_of`.

    Row by row, as a column lies far apart in memory.
    """
    squares, products, means = columns[0], columns[1], columns[2]
    mean, square, both, own = columns[6], columns[7], columns[8], columns[9]
    columns[6:, :] = 0.0
    for n in range(mu.size):
        p, mu_n = V.target[n], mu[n]
        for m in range(mu.size):
            mean[m] += mu_n * p[m]
            square[m] += p[m] * p[m]
    for n in range(mu.size):
        w, p, mu_n = V.W[n], V.target[n], mu[n]
        for m in range(mu.size):
            off = p[m] - mean[m]
            shared = (mu_n + p[m] / V.root_mu[m]) * off
            both[m] += shared * (w[m] - means[m])
            own[m] += shared * off
    F22, F22x, F13, FZP, FPP = 0.0, 0.0, 0.0, 0.0, 0.0
    for m in range(mu.size):
        F22 += products[m] * products[m] / mu[m]
        F22x += squares[m] * square[m] / mu[m]
        F13 += products[m] * square[m] / mu[m]
        FZP += both[m]
        FPP += own[m]
    return F22, F22x, F13, FZP, FPP


@internal_jit
def all_moments(V: Value, mu: F64, products: Products) -> tuple[Moments, PairMoments]:
    """Return the same as :func:`joint_moments`, given the products."""
    s = pair_sums(products, mu)
    of_V = moments_of(V, mu, products.columns, s.MM, s.KM)
    F22, F22x, F13, FZP, FPP = _of_target(V, mu, products.columns)
    of_pairs = PairMoments(s.KK, s.K2, s.MH, s.HK, s.CK, s.CH, F22, F22x, F13, FZP, FPP)
    return of_V, of_pairs


@internal_jit
def joint_moments(
    V: Value, mu: F64, shares: Int, products: Products
) -> tuple[Moments, PairMoments]:
    """Return the moments of a value matrix that variances need, and those of covariances.

    Parameters
    ----------
    shares : int
        Threads.
    products : Products
        Its ``M`` and ``K`` are set; of K by :func:`pair_sums`.
    """
    set_products(shares, V, products)
    return all_moments(V, mu, products)
