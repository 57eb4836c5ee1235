"""One step of the entries of A that are not at zero, off the support: `docs/model.md`, section 6.

They are stored by column, in order of position, in two lists. A step reads one list and writes the
other: column by column, old entries are stepped, those that return to zero are dropped, and
activations are merged in.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from scbsim.kernels.compile.jit import inline_jit, internal_jit
from scbsim.kernels.gaussian.activations import ActivationRates, NewlyActive
from scbsim.kernels.gaussian.bulk_noise import first_at_least
from scbsim.kernels.gaussian.rules import step_entry
from scbsim.kernels.gaussian.state import Attention, StepParams
from scbsim.kernels.matched.coefficients import entry_level
from scbsim.kernels.matched.joint_state import JointNoise
from scbsim.kernels.random.normal import BLOCK, fill_normals
from scbsim.kernels.random.philox import ACTIVE, counter_words, split_seed
from scbsim.kernels.types import F64, I64, U32, Address, Bool, Counter, Int, Key, Real

_FEW = 16  # up to here a linear search is faster than a binary one


class ActiveSet(NamedTuple):
    """Entries off the support that are not at zero, in two lists: this step's and the next's."""

    now: I64  # (1,): which list is this step's
    first: I64  # (2, N + 1): where each column begins
    position: I64  # (2, capacity): ascending in each column
    s: F64  # (2, capacity)
    noise: F64  # scratch, (capacity,): joint noise of each entry
    z: F64  # scratch, (BLOCK,): normals
    words: U32  # scratch, (2 BLOCK,)


class Entries(NamedTuple):
    """The entries off the support: how they leave zero, and those that are not at zero."""

    rates: ActivationRates
    active: ActiveSet
    new: NewlyActive  # it must have room for all activations of a step


def make_active_set(N: int, capacity: int) -> ActiveSet:
    """Allocate two lists of ``capacity`` entries."""
    return ActiveSet(
        now=np.zeros(1, np.int64),
        first=np.zeros((2, N + 1), np.int64),
        position=np.empty((2, capacity), np.int64),
        s=np.empty((2, capacity)),
        noise=np.empty(capacity),
        z=np.empty(BLOCK),
        words=np.empty(2 * BLOCK, np.uint32),
    )


@inline_jit
def _holds(positions: I64, t: Int) -> Bool:
    """Return whether ``t`` is among the ascending positions."""
    if positions.size > _FEW:
        i = first_at_least(positions, t)
        return i < positions.size and positions[i] == t
    found = False
    for place in positions:
        found |= place == t
    return found


@inline_jit
def _merge(position: I64, s: F64, begin: Int, old: Int, added: Int, new: NewlyActive) -> None:
    """Merge ``added`` new entries into those from ``begin`` to ``old``, in order of position."""
    i, j = old - 1, added - 1
    while j >= 0:
        to = i + j + 1
        if i >= begin and position[i] > new.fit_position[j]:
            position[to], s[to] = position[i], s[i]
            i -= 1
        else:
            position[to], s[to] = new.fit_position[j], new.fit_value[j]
            j -= 1


@inline_jit
def _part_along(
    joint: JointNoise | None,
    active: ActiveSet,
    k: Int,
    params: StepParams,
    counter: Counter,
    key: Key,
    T: float,
) -> float:
    """Draw the noise of a column's entries; return the multiple of ``a_k`` that is added to it.

    So the noise's product with ``a_k`` is that of `JointNoise`. The entries at zero have a part in
    that product, a normal of their own, and are themselves not shifted: see `docs/model.md`, 6.
    """
    if joint is None:
        return 0.0
    now = active.now[0]
    first, s, z = active.first[now], active.s[now], active.z
    Q = joint.y.shape[1] - 4
    scale, n_active = params.noise_scale, first[first.size - 1]
    c, of_zeros = joint.intercepts[k], params.sigma_A[k]
    square, product = 0.0, 0.0
    for i in range(first[k], first[k + 1]):
        place = i & (BLOCK - 1)
        if place == 0:
            fill_normals(z, active.words, min(n_active - i, BLOCK), i // BLOCK, counter, key)
        a = s[i] + c
        noise = scale * entry_level(params.matched, of_zeros, k, s[i], 0.0) * z[place]
        active.noise[i] = noise
        square += a * a
        product += a * noise
    zeros = T - Q - (first[k + 1] - first[k])
    square += zeros * c * c
    product += np.sqrt(zeros) * c * (scale * of_zeros) * joint.y[k, joint.y.shape[1] - 1]
    if not square > 0.0:
        return 0.0
    return (joint.along[k] * np.sqrt(square) - product) / square


@inline_jit
def step_columns(
    A: Attention,
    entries: Entries,
    params: StepParams,
    numbers: tuple[float, float],
    at: Address,
    span: tuple[Int, Int, Int],
    joint: JointNoise | None,
) -> np.int64:
    """Step the active entries of some columns; see :func:`step_active_set`.

    ``numbers`` are ``kappa`` and T. ``span`` are the first column, the one after the last, and
    where in the other list the entries are written; their end is returned. With joint noise it is
    of all columns.
    """
    _, active, new = entries
    now = active.now[0]
    kappa, T = numbers
    step, seed, replica = at
    counter, key = counter_words(0, step, ACTIVE, replica), split_seed(seed)
    first, to_first = active.first[now], active.first[1 - now]
    position, to_position = active.position[now], active.position[1 - now]
    s, to_s = active.s[now], active.s[1 - now]
    z, n_active = active.z, first[first.size - 1]
    rule, rate = params.rule, params.rate_A
    n, filled = np.int64(span[2]), np.int64(-1)
    for k in range(span[0], span[1]):
        begin, end = first[k], first[k + 1]
        of_zeros, threshold = params.sigma_A[k], params.threshold_scale * params.threshold[k]
        total: Real = 0.0
        squares: Real = 0.0
        start = n
        part = _part_along(joint, active, k, params, counter, key, T)
        for i in range(begin, end):
            if joint is None:
                place, block = i & (BLOCK - 1), i // BLOCK
                if block != filled:
                    count = min(n_active - block * BLOCK, BLOCK)
                    fill_normals(z, active.words, count, block, counter, key)
                    filled = np.int64(block)
                sigma = params.noise_scale * entry_level(params.matched, of_zeros, k, s[i], 0.0)
                gradient = kappa * s[i] + sigma * z[place]
            else:
                a = s[i] + joint.intercepts[k]
                gradient = kappa * s[i] + (active.noise[i] + part * a)
            x = step_entry(rule, s[i], gradient, rate, threshold)
            total += x
            squares += x * x
            if x != 0.0:
                to_position[n] = position[i]
                to_s[n] = x
                n += 1
        added = 0
        for j in range(new.first[k], new.first[k + 1]):
            t, x = new.position[new.order[j]], new.value[new.order[j]]
            # Only an entry that was at zero before the step can be activated.
            if not (_holds(A.positions[k], t) or _holds(position[begin:end], t)):
                total += x
                squares += x * x
                new.fit_position[added] = t
                new.fit_value[added] = x
                added += 1
        _merge(to_position, to_s, start, n, added, new)
        n += added
        to_first[k + 1] = n
        A.off_sums[k, 0] = total
        A.off_sums[k, 1] = squares
    return n


@internal_jit
def step_active_set(
    A: Attention,
    entries: Entries,
    params: StepParams,
    kappa: float,
    at: Address,
    T: float,
    joint: JointNoise | None = None,
) -> None:
    """Step all active entries, add the activations, and update ``A.off_sums``.

    Parameters
    ----------
    entries : Entries
        Its current list is read; the other is written, and becomes the current one. It must have
        room for all activations.
    kappa : float64
        ``||W||_F^2`` before the step.
    T : float64
    joint : JointNoise, optional
        The joint noise, if the noise has covariances.
    """
    active, N = entries.active, np.int64(A.support.shape[0])
    span = (np.int64(0), N, np.int64(0))
    step_columns(A, entries, params, (kappa, T), at, span, joint)
    active.now[0] = 1 - active.now[0]
