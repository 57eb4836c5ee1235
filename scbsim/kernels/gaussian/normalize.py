"""Normalisation of the columns of A: `docs/model.md`, section 4."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from scbsim.kernels.compile.jit import kernel
from scbsim.kernels.gaussian.state import Attention, ProblemConstants
from scbsim.kernels.types import F64


class NormalizedColumns(NamedTuple):
    """The columns of A after normalisation, without their bulk."""

    support: F64  # (N, Q)
    off_sums: F64  # (N, 2): as in `state.Attention`
    masses: F64  # (N,): sum of the entries kept; V is multiplied by the mu-weighted mean
    sums: F64  # (N,): 1'a_k, before the call those given, after it 1 in each rescaled column


def make_normalized(A: Attention, sums: F64) -> NormalizedColumns:
    """Allocate the result for columns with these sums, which are copied."""
    masses = np.empty(len(sums))
    return NormalizedColumns(
        np.empty_like(A.support), np.empty_like(A.off_sums), masses, sums.copy()
    )


@kernel
def normalize_columns(
    A: Attention,
    constants: ProblemConstants,
    threshold: float,
    in_place: bool,
    result: NormalizedColumns,
) -> int:
    """Keep the large entries of each column of A, rescaled to sum 1, and set the others to 0.

    Parameters
    ----------
    A : Attention
        The bulk is changed if ``in_place``; nothing else is.
    threshold : float64
        Entries of at least ``threshold`` times the column's largest are kept.
    result : NormalizedColumns
        Receives the normalised columns.

    Returns
    -------
    count : int
        Columns in which nothing stands out: even their entries at ``s = 0`` reach the threshold.
        These are not changed.
    """
    support, off_sums, masses, sums = result
    N, Q = A.support.shape
    n = A.bulk.shape[1]
    real = A.bulk.dtype.type
    count = 0
    for k in range(N):
        total, top = A.off_sums[k, 0], 0.0
        for j in range(Q):
            total += A.support[k, j]
            top = max(top, A.support[k, j])
        # The zeros of the bulk on the support do not matter: they decide the maximum only if all
        # entries are below the intercept, and then nothing stands out anyway.
        for t in range(n):
            top = max(top, np.float64(A.bulk[k, t]))
        intercept = (sums[k] - total) / constants.T
        cut = threshold * (top + intercept)
        if intercept >= cut:
            count += 1
            masses[k] = 1.0
            for j in range(Q):
                support[k, j] = A.support[k, j]
            off_sums[k, 0], off_sums[k, 1] = A.off_sums[k, 0], A.off_sums[k, 1]
            continue
        sums[k] = 1.0
        # The cut is now one for ``s``, and above 0: the zeros of the bulk on the support are below.
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
        off_sums[k, 0], off_sums[k, 1] = 0.0, 0.0
        for t in range(n):
            s = real(0)
            if A.bulk[k, t] >= cut:
                s = real((np.float64(A.bulk[k, t]) + intercept) / mass)
                off_sums[k, 0] += s
                off_sums[k, 1] += np.float64(s) * np.float64(s)
            if in_place:
                A.bulk[k, t] = s
    return count
