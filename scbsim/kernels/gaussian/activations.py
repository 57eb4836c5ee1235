"""Activations: which entries at zero leave it in a step, and to what value (`docs/model.md`, 6).

Off the support every entry at exactly 0 leaves it independently, with a probability p that depends
on its column alone. Instead of testing each entry in order, the sampler jumps: the distance to the
next activation is geometric. It also draws positions whose entry was not at 0; the caller drops
these. Columns of similar p form a group and are drawn at its largest p; the surplus is thinned
out. Both are exact.

The normal behind an activation exceeds ``c = lam/sigma`` in size. The excess over c is drawn by
rejection from an exponential (Robert, "Simulation of truncated normal variables", Statistics and
Computing 5, 1995), and never computed as a difference, so it is accurate however large c is.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from scbsim.kernels.compile.jit import inline_jit, internal_jit
from scbsim.kernels.compile.rule_type import by_rule
from scbsim.kernels.gaussian.rules import activated_size, step_entry
from scbsim.kernels.gaussian.state import StepParams
from scbsim.kernels.random.exponential import BATCH, fill_exponentials
from scbsim.kernels.random.philox import ACTIVATIONS, counter_words, split_seed
from scbsim.kernels.random.variates import exponential, lane_at
from scbsim.kernels.types import F64, I64, U32, Address, Counter, Int, Key

_LOG_2 = 0.6931471805599453
_FIRST = np.uint64(1) << np.uint64(31)  # word 0 of a lane that no batch of exponentials uses


class ActivationRates(NamedTuple):
    """The law of activations in a stage, by groups of columns of similar probability.

    Here ``c_k = lam_k / sigma_k``, and the excess over it is drawn from an exponential with slope
    ``b_k``. In a step with larger ``c_k`` than these only the normals above its own count.
    """

    rule: Any  # see `rules`
    columns: I64  # (n,): columns with p > 0, group by group, ascending in each
    first: I64  # (groups + 1,): where each group begins in `columns`
    rate: F64  # (groups,): -log(1 - p) of the largest p in the group
    spare: F64  # (n,): -log(p_k / p) of each of `columns`, for thinning
    above: F64  # (N,): c_k - b_k
    shrink: F64  # (N,): 1 / b_k
    # (N,): rate_A sigma_k, the change of an entry for an excess of one; under a rule that is a
    # function in Python sigma_k
    scale: F64


class NewlyActive(NamedTuple):
    """The activations drawn in a step, before those of entries not at zero are dropped."""

    column: I64  # (capacity,)
    position: I64  # (capacity,)
    value: F64  # (capacity,)
    # (capacity,): indices sorted by column, then position; not written if the columns of all
    # groups ascend, so that activations are drawn in order
    order: I64
    first: I64  # (N + 1,): where each column begins in `order`
    fit_position: I64  # scratch, (capacity,): the activations of one column that are kept
    fit_value: F64  # scratch, (capacity,)
    e: F64  # scratch, (BATCH,): exponentials
    words: U32  # scratch, (2 BATCH,)


def make_newly_active(N: int, capacity: int) -> NewlyActive:
    """Allocate the arrays for up to ``capacity`` activations in a step."""
    return NewlyActive(
        column=np.empty(capacity, np.int64),
        position=np.empty(capacity, np.int64),
        value=np.empty(capacity),
        order=np.arange(capacity),
        first=np.zeros(N + 1, np.int64),
        fit_position=np.empty(capacity, np.int64),
        fit_value=np.empty(capacity),
        e=np.empty(BATCH),
        words=np.empty(2 * BATCH, np.uint32),
    )


@inline_jit
def _next(
    at: int, drawn: np.uint64, new: NewlyActive, counter: Counter, key: Key
) -> tuple[float, int, np.uint64]:
    """Return the next exponential, its successor's index, and the number of batches drawn."""
    if at == BATCH:
        fill_exponentials(new.e, new.words, drawn, counter, key)
        drawn += np.uint64(1)
        at = 0
    return new.e[at], at + 1, drawn


@internal_jit
def draw_group(
    group: Int,
    rates: ActivationRates,
    numbers: tuple[Int, float, float],
    room: tuple[np.int64, np.int64],
    new: NewlyActive,
    counter: Counter,
    key: Key,
) -> np.int64:
    """Draw the activations in a group of columns; return the new count, -1 if they do not fit.

    ``numbers`` are T, and ``of_step`` of :func:`draw_activations`; ``room`` is where in ``new`` the
    first is written, which is the count before, and where none is.
    """
    T, larger, factor = numbers
    count, limit = room
    j, end = rates.first[group], rates.first[group + 1]
    mean_gap = 1.0 / rates.rate[group]
    # In most steps of a group with rare activations, this one exponential is all that is drawn.
    e, _ = exponential(lane_at(_FIRST, counter, key))
    t, at, drawn = np.int64(-1), BATCH, np.uint64(0)
    while e * mean_gap < (end - j) * T - 1 - t:
        t += np.int64(e * mean_gap) + 1
        if t >= T:
            j += t // T
            t %= T
            if j >= end:
                break
        k = rates.columns[j]
        kept = True
        if rates.spare[j] > 0.0:
            e, at, drawn = _next(at, drawn, new, counter, key)
            kept = e > rates.spare[j]
        if kept:
            if count == limit:
                return np.int64(-1)
            while True:
                e, at, drawn = _next(at, drawn, new, counter, key)
                excess = e * rates.shrink[k]
                off = rates.above[k] + excess
                e, at, drawn = _next(at, drawn, new, counter, key)
                # Given acceptance, ``left`` is again exponential, and decides the sign.
                left = e - 0.5 * off * off
                if left > 0.0:
                    break
            new.column[count] = k
            new.position[count] = t
            cut = rates.above[k] + 1.0 / rates.shrink[k]
            excess -= larger * cut
            if excess >= 0.0:
                size = activated_size(rates.rule, excess, cut + larger * cut)
                new.value[count] = np.copysign((factor * rates.scale[k]) * size, left - _LOG_2)
                count += 1
        e, at, drawn = _next(at, drawn, new, counter, key)
    return count


@internal_jit
def _put_in_order(count: Int, rates: ActivationRates, new: NewlyActive) -> None:
    """Sort the activations by column: write ``new.first`` and ``new.order``."""
    N = new.first.size - 1
    for k in range(N + 1):
        new.first[k] = 0
    for i in range(count):
        new.first[new.column[i] + 1] += 1
    for k in range(N):
        new.first[k + 1] += new.first[k]
    in_order = True
    for group in range(1, rates.rate.size):
        first = rates.first[group]
        in_order &= rates.columns[first - 1] < rates.columns[first]
    if in_order:
        return
    # The activations of one column were drawn in order of position, so the sort is stable.
    for i in range(count):
        k = new.column[i]
        new.order[new.first[k]] = i
        new.first[k] += 1
    for k in range(N, 0, -1):
        new.first[k] = new.first[k - 1]
    new.first[0] = 0


@internal_jit
def draw_activations(
    rates: ActivationRates, T: Int, of_step: tuple[float, float], new: NewlyActive, at: Address
) -> np.int64:
    """Draw the activations of a step into ``new``, entries that were not at zero among them.

    Parameters
    ----------
    rates : ActivationRates
    T : int
    of_step : (float, float)
        By how much of itself ``c_k`` is larger in this step, 0 or more, and what ``rates.scale`` is
        multiplied by; 0 and 1 for the rates as they are.
    new : NewlyActive
    at : Address

    Returns
    -------
    int
        Their number, or -1 if ``new`` is too small; with a larger one the draws are the same.
    """
    step, seed, replica = at
    groups, count = rates.rate.size, np.int64(0)
    # In a step of rate 0 no entry moves.
    for group in range(groups if of_step[1] > 0.0 else 0):
        counter = counter_words(group, step, ACTIVATIONS, replica)
        numbers = (T, of_step[0], of_step[1])
        room = (count, np.int64(new.column.size))
        count = draw_group(group, rates, numbers, room, new, counter, split_seed(seed))
        if count < 0:
            return count
    _put_in_order(count, rates, new)
    return count


def _change(rule: int, rate: float, noise: float) -> float:
    return rate * noise


def _gradient(rule: Any, rate: float, noise: float) -> float:
    # In a step of rate 0 no entry moves.
    return noise if rate > 0.0 else 0.0


change_of_noise = by_rule(_change, _gradient, _gradient)
"""``change_of_noise(rule, rate, noise)``: what ``ActivationRates.scale`` of a schedule is times."""


def _are_values(rule: int, new: NewlyActive, count: Int, params: StepParams) -> None:
    pass


def _from_gradients(rule: Any, new: NewlyActive, count: Int, params: StepParams) -> None:
    for i in range(count):
        threshold = params.threshold_scale * params.threshold[new.column[i]]
        new.value[i] = step_entry(rule, 0.0, -new.value[i], params.rate_A, threshold)


finish_activations = by_rule(_are_values, _from_gradients, _from_gradients)
"""``finish_activations(rule, new, count, params)``: compute the values of ``count`` activations.

Those drawn are the values, but under a rule that is a function in Python: the gradients, with the
sign of a step along them.
"""
