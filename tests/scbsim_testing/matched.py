"""Levels of matched noise, from full matrices: docs/model.md, section 5b, written out again."""

from __future__ import annotations

import numpy as np


def matched_variances(task, a, q, Vb):
    """Variances for a batch of one: of every entry of A, (..., T, N), and of a coordinate of W.

    ``a`` and ``Vb`` may have leading axes, one state for each index.
    """
    mu, Pb, N = task.mu, task.P - task.mu[:, None], task.N
    weighted = Vb * mu
    M = weighted @ np.swapaxes(Vb, -1, -2)
    K = (Pb * mu) @ np.swapaxes(Vb, -1, -2)
    C = np.diag(mu) - np.outer(mu, mu)

    def over(X):
        return np.asarray(X)[..., None, None]

    def trace(X, Y):
        return over(np.einsum("...ij,...ji->...", X, Y))

    squares, products = (Vb**2).sum(axis=-2), (Vb * Pb).sum(axis=-2)
    kappa, kappa_prime = over(squares @ mu), over(products @ mu)
    F4, F3 = over(squares**2 @ mu), over((squares * products) @ mu)
    own_mean = np.einsum("n,...nm->...m", mu, Vb)[..., None, :]
    FZ = over((task.P * (Vb - own_mean) ** 2).sum(axis=-2) @ mu)
    aa, qa = (a**2).sum(axis=-2, keepdims=True), (q * a).sum(axis=-2, keepdims=True)
    of_A = (aa - a**2) * trace(M, M) + a**2 * F4
    of_A = of_A - 2 * ((qa - q * a) * trace(K, M) + q * a * F3)
    of_A = of_A + (1 - q) * trace(C, M) + q * FZ
    of_A = of_A / mu - (kappa * a - kappa_prime * q) ** 2

    kappa, kappa_prime = kappa[..., 0], kappa_prime[..., 0]
    aa, qa = aa[..., 0, :], qa[..., 0, :]
    a4, qa2 = (a**4).sum(axis=-2), (q * a**2).sum(axis=-2)
    qa3, mu2 = (q * a**3).sum(axis=-2), mu @ mu
    frobenius, product = squares.sum(axis=-1)[..., None], products.sum(axis=-1)[..., None]
    of_V = (aa**2 - a4) * (N + 1) * kappa + a4 * (frobenius - kappa)
    of_V = of_V - 2 * ((aa * qa - qa3) * (N + 1) * kappa_prime + qa3 * (product - kappa_prime))
    of_V = of_V + (aa - qa2) * (N - 1) * (1 - mu2)
    of_V = of_V + qa2 * (N * (1 + mu2) - 2 * mu @ task.P.sum(axis=1) - (1 - mu2))
    mean = over(aa @ mu) * Vb - over(qa @ mu) * Pb
    return of_A, (of_V @ mu - (mean**2).sum(axis=-2) @ mu) / (N - 1) ** 2
