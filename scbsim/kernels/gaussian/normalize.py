"""Normalisation of the columns of A: `docs/model.md`, section 4."""

from __future__ import annotations

import numpy as np

from scbsim.kernels.compile.jit import kernel
from scbsim.kernels.gaussian.state import Attention, ProblemConstants
from scbsim.kernels.types import F64


@kernel
def normalize_columns(
    A: Attention,
    constants: ProblemConstants,
    threshold: float,
    in_place: bool,
    support: F64,
    off_sums: F64,
    masses: F64,
    sums: F64,
) -> int:
    """Keep what stands out in each column of A, rescaled to sum 1.

    Parameters
    ----------
    A : Attention
        The bulk is changed if ``in_place``; nothing else is.
    constants : ProblemConstants
    threshold : float64
        Entries of at least ``threshold`` times the column's largest stand out.
    in_place : bool
        False to leave the bulk alone and find the sums only.
    support : (N, Q) float64
        Receives the normalised support entries.
    off_sums : (N, 2) float64
        Receives the sums off the support.
    masses : (N,) float64
        Receives the mass kept of each column; V is to be multiplied by their mu-weighted mean.
    sums : (N,) float64
        What columns sum to; those that are rescaled get 1.

    Returns
    -------
    count : int
        Columns in which nothing stood out, which stay as they were.
    """
    N, Q = A.support.shape
    n = A.bulk.shape[1]
    real = A.bulk.dtype.type
    count = 0
    for k in range(N):
        total, top = A.off_sums[k, 0], 0.0
        for j in range(Q):
            total += A.support[k, j]
            top = max(top, A.support[k, j])
        # The bulk is 0 on the support. That changes no maximum that matters: a column whose
        # entries are all below its intercept has nothing that stands out either way.
        for t in range(n):
            top = max(top, np.float64(A.bulk[k, t]))
        intercept = (sums[k] - total) / constants.T
        cut = threshold * (top + intercept)
        if intercept >= cut:
            count += 1
            masses[k] = 1.0
            support[k, :] = A.support[k, :]
            off_sums[k, :] = A.off_sums[k, :]
            continue
        sums[k] = 1.0
        # Entries at 0, those that stand for the support among them, are below this.
        cut -= intercept
        mass = 0.0
        for j in range(Q):
            if A.support[k, j] >= cut:
                mass += A.support[k, j] + intercept
        for t in range(n):
            if A.bulk[k, t] >= cut:
                mass += np.float64(A.bulk[k, t]) + intercept
        masses[k] = mass
        for j in range(Q):
            s = A.support[k, j]
            support[k, j] = (s + intercept) / mass if s >= cut else 0.0
        off_sums[k, :] = 0.0
        for t in range(n):
            s = real(0)
            if A.bulk[k, t] >= cut:
                s = real((np.float64(A.bulk[k, t]) + intercept) / mass)
                off_sums[k, 0] += s
                off_sums[k, 1] += np.float64(s) * np.float64(s)
            if in_place:
                A.bulk[k, t] = s
    return count
