"""A sparse step in shares of the columns, for threads; the bits are those of `advance_sparse`.

A step's activations are drawn group by group, each group into a region of its own of `NewlyActive`,
and then put in order. Each share of the columns writes its active entries as if all those before
its own stayed; the gaps between shares are closed at the end. Every random number has the address
that it has in one go, and no sum goes over the columns of more than one share.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from scbsim.kernels.compile.jit import inline_jit, kernel
from scbsim.kernels.gaussian.activations import ActivationRates, NewlyActive, draw_group
from scbsim.kernels.gaussian.active_set import ActiveSet, Entries, step_columns
from scbsim.kernels.gaussian.observe import couple
from scbsim.kernels.gaussian.schedule import at_step
from scbsim.kernels.gaussian.sparse import of_step
from scbsim.kernels.gaussian.state import Attention, Model, StepParams
from scbsim.kernels.gaussian.support import step_support_columns
from scbsim.kernels.gaussian.value import step_scalars, value_factors
from scbsim.kernels.random.normal import BLOCK, fill_normals
from scbsim.kernels.random.philox import ACTIVATIONS, SUPPORT, counter_words, split_seed
from scbsim.kernels.types import F64, I64, Address, Couplings, Int


class Regions(NamedTuple):
    """The parts of `NewlyActive` for each group, and of the written list for each share."""

    start: I64  # (groups + 1,): where the region of each group begins
    drawn: I64  # (groups,): its activations in this step; -1 if they did not fit
    before: I64  # (groups + 1,): those of earlier groups
    columns: I64  # (shares + 1,): where each share begins, at whole blocks of support normals
    begin: I64  # (shares,): where it writes active entries
    end: I64  # (shares,): and where they end


@kernel
def draw_groups(
    rates: ActivationRates,
    numbers: tuple[StepParams, Int, Int],
    new: NewlyActive,
    at: Address,
    regions: Regions,
    span: tuple[Int, Int],
) -> None:
    """Draw the activations of some groups; ``numbers`` are the parameters, the step, and T."""
    params, taken, T = numbers
    step, seed, replica = at
    larger, factor = of_step(params, taken)
    for group in range(span[0], span[1]):
        first = regions.start[group]
        end = first
        # In a step of rate 0 no entry moves.
        if factor > 0.0:
            counter, key = counter_words(group, step, ACTIVATIONS, replica), split_seed(seed)
            room = (first, regions.start[group + 1])
            end = draw_group(group, rates, (T, larger, factor), room, new, counter, key)
        regions.drawn[group] = end - first if end >= 0 else np.int64(-1)


@kernel
def order_groups(
    rates: ActivationRates, new: NewlyActive, regions: Regions, span: tuple[Int, Int]
) -> None:
    """Write `first` and `order` for the columns of some groups, whose columns ascend."""
    N, last = new.first.size - 1, rates.rate.size - 1
    for group in range(span[0], span[1]):
        a, b = rates.first[group], rates.first[group + 1]
        begin = rates.columns[a - 1] + 1 if group > 0 else np.int64(0)
        upto = rates.columns[b - 1] + 1 if group < last else N
        slot, rank = regions.start[group], regions.before[group]
        end = slot + regions.drawn[group]
        for k in range(begin, upto):
            new.first[k] = rank
            while slot < end and new.column[slot] == k:
                new.order[rank] = slot
                slot, rank = slot + 1, rank + 1
        if group == last:
            new.first[N] = rank


@inline_jit
def _draw_support(A: Attention, span: tuple[Int, Int], at: Address, own: ActiveSet) -> None:
    """Draw the normals of the support in some columns, which are whole blocks of them."""
    step, seed, replica = at
    counter, key = counter_words(0, step, SUPPORT, replica), split_seed(seed)
    Q = A.noise.shape[1]
    flat = A.noise.reshape(A.noise.size)
    for block in range(span[0] * Q // BLOCK, (span[1] * Q + BLOCK - 1) // BLOCK):
        start = block * BLOCK
        count = min(BLOCK, flat.size - start)
        fill_normals(own.z, own.words, count, block, counter, key)
        for i in range(count):
            flat[start + i] = own.z[i]


@kernel
def step_share(
    model: Model,
    params: StepParams,
    taken: Int,
    entries: Entries,
    coupled: Couplings,
    at: Address,
    share: tuple[Int, Regions],
) -> None:
    """Step the columns of a share; the scratch of ``entries`` is its own."""
    A, constants = model.A, model.constants
    i, regions = share
    now = at_step(params, taken)
    span = (regions.columns[i], regions.columns[i + 1])
    numbers = (coupled[2], constants.T)
    out = regions.begin[i]
    regions.end[i] = step_columns(A, entries, now, numbers, at, (span[0], span[1], out), None)
    _draw_support(A, span, at, entries.active)
    step_support_columns(A, now, (coupled[2], coupled[3]), span, None)


@kernel
def close_gaps(active: ActiveSet, regions: Regions, what: Int) -> None:
    """Close the gaps between shares in the positions (0), the entries (1) or `first` (2)."""
    to = 1 - active.now[0]
    n = regions.end[0]
    for i in range(1, regions.begin.size):
        begin, end = regions.begin[i], regions.end[i]
        if what == 2:
            for k in range(regions.columns[i], regions.columns[i + 1]):
                active.first[to, k + 1] -= begin - n
        elif what == 1:
            for j in range(end - begin):
                active.s[to, n + j] = active.s[to, begin + j]
        else:
            for j in range(end - begin):
                active.position[to, n + j] = active.position[to, begin + j]
        n += end - begin


@kernel
def couple_again(
    model: Model, params: StepParams, taken: Int, coupled: Couplings, at: Address, row: F64
) -> Couplings:
    """Step V by its scalars, and return what the next step needs; ``row`` are the observables.

    With ``taken`` -1 no step is taken.
    """
    A, V, constants = model
    if taken >= 0:
        factors = value_factors(at_step(params, taken), coupled[0], coupled[1])
        step_scalars(V.scalars, constants, factors, at)
    return couple(A, V, constants, row)
