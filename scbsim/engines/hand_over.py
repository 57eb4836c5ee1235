"""From SGD on a few numbers to active entries, and back.

To them by the first step of an l1 rule, or a normalisation; back by keeping them as the direction
of a rest.
"""

from __future__ import annotations

import numpy as np

from scbsim.engines.base import Row
from scbsim.engines.collapsed import CollapsedEngine
from scbsim.engines.directions import by_column
from scbsim.engines.entries import Entries, require_list
from scbsim.engines.sparse import SparseEngine
from scbsim.engines.stages import Stage
from scbsim.engines.warm_start import entries_of, split
from scbsim.engines.without_entries import WithoutEntries
from scbsim.errors import InputError
from scbsim.kernels.gaussian.first_step import (
    Entered,
    begin_step,
    finish_step,
    list_stepped,
    sum_products,
    sum_stepped,
)
from scbsim.kernels.gaussian.state import without_bulk
from scbsim.observables import NAMES


def take_over(engine: WithoutEntries, sparse: SparseEngine, entries: Entries) -> None:
    """Give a new sparse engine all of a state but its entries off the support."""
    sparse.step = engine.step
    sparse.A.support[:] = entries.support
    sparse.A.off_sums[:] = entries.off_sums
    if isinstance(engine, CollapsedEngine) and sparse.V.W.size:
        sparse.V.W[:] = engine.value()
    else:
        sparse.V.W[:] = engine.V.W
    sparse.V.scalars[:] = engine.V.scalars
    sparse.mean[:] = engine.mean
    sparse.constants = engine.constants
    sparse.share_levels(engine)


def first_step(engine: WithoutEntries, sparse: SparseEngine, stage: Stage, before: int = 0) -> Row:
    """Take the first step of an l1 stage, and put its result into a new sparse engine.

    The stage has taken ``before`` steps.

    Returns
    -------
    row : (9,) float64
        The observables after the step.

    Raises
    ------
    MemoryNeeded
        If the entries that the step leaves off zero do not fit into memory.
    """
    if stage.rate_A_at(before) == 0.0:
        raise InputError(
            f"stage.{stage.index}.rate_A: 0 in the first step of an l1 rule, which returns no "
            'entry to 0 then; take dynamics.engine = "dense"'
        )
    engine.update_levels_if_due()
    entries = engine.entries()
    take_over(engine, sparse, entries)
    address, seed, replica = engine.here
    at = (np.uint64(address), np.uint64(seed), np.uint64(replica))
    joint = sparse.joint
    model, params = sparse.step_of(stage, before)
    model = model._replace(A=without_bulk(model.A))
    numbers = begin_step(model, params, at, sparse.scratch, joint)
    D, N = entries.directions.kernel_form, engine.task.N
    entered = Entered(D, entries.all_lines(), params, numbers[0], np.zeros(N), at)
    spans = entries.directions.each_span
    blocks = N * entries.directions.blocks()
    if joint is not None:
        # The part of the noise along a_k is drawn with the noise of everything else.
        products = np.empty((blocks, 1))
        spans(lambda span, own: sum_products(entered, span, products[:, 0], own))
        product = by_column(products, N, slice(0, 1))[:, 0]
        square = entries.squares_of_a()
        part = joint.along * np.sqrt(square) - product
        part = np.divide(part, square, out=np.zeros(N), where=square > 0.0)
        entered = entered._replace(part=part)
    sums = np.empty((blocks, 3))
    spans(lambda span, own: sum_stepped(entered, span, sums, own))
    first = np.concatenate([[0], np.cumsum(sums[:, 0].astype(np.int64))])
    require_list(int(first[-1]), engine.task.N * engine.task.T)
    position, s = np.empty(first[-1], np.int64), np.empty(first[-1])
    spans(lambda span, own: list_stepped(entered, span, first, position, s, own))
    row = np.empty(len(NAMES))
    sparse.A.off_sums[:] = by_column(sums, N, slice(1, 3))
    model = model._replace(A=without_bulk(sparse.A))
    finish_step(model, params, numbers, at, row, sparse.scratch, joint)
    sparse.set_entries(first[:: entries.directions.blocks()], position, s, spare=0)
    sparse.step += 1
    return row


def begin_sparse(engine: WithoutEntries, sparse: SparseEngine) -> None:
    """Put a state without entries off the support into a new sparse engine."""
    take_over(engine, sparse, engine.entries())
    N = engine.task.N
    sparse.set_entries(np.zeros(N + 1, np.int64), np.empty(0, np.int64), np.empty(0), spare=0)


def collapse(sparse: SparseEngine, engine: CollapsedEngine) -> None:
    """Put a state of active entries into a new collapsed engine, with the direction of its rest."""
    task = sparse.task
    engine.step = sparse.step
    engine.adopt_entries(*split(entries_of(sparse.state(), task), task))
    engine.V.scalars[:] = sparse.V.scalars
    engine.mean[:] = sparse.mean
    if sparse.V.W.size:
        engine.take_up_value(sparse.V.W)
    engine.constants = sparse.constants


def normalize(engine: WithoutEntries, sparse: SparseEngine, threshold: float) -> tuple[Row, int]:
    """Normalise the entries of a state, and put them into a new sparse engine.

    Returns what :meth:`Engine.normalize` returns.

    Raises
    ------
    MemoryNeeded
        If the entries that stand out, or those of columns in which nothing does, do not fit.
    """
    entries = engine.entries()
    take_over(engine, sparse, entries)
    row, count = engine.normalized(threshold)
    columns, none = entries.normalized(threshold)
    listed = entries.listed(threshold)
    lengths = np.diff(listed.first)
    of_column = np.repeat(np.arange(len(lengths)), lengths)
    a = (listed.s + entries.intercept[of_column]) / columns.masses[of_column]
    s = np.where(none[of_column], listed.s, a)
    sparse.set_entries(listed.first, listed.position, s, spare=0)
    sparse.take_normalized(columns)
    return row, count
