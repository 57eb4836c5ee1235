"""Samples of a case: many runs with different seeds."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from scbsim.errors import RunFailed
from scbsim.observables import NAMES
from scbsim.studies.verify.case import Build, Case, Engine
from scbsim.util.text import counted

Array = NDArray[np.float64]


def sample(case: Case, build: Build, seeds: NDArray[np.uint64]) -> Array:
    """Run a case once with each seed.

    One engine makes all runs; its state is restored to the start before each of them.

    Returns
    -------
    (runs, rows, 9) float64
        The observables at each of the case's times, and then those of the normalised copies.

    Raises
    ------
    RunFailed
        If a run diverges or an observable is NaN, since such a case cannot be compared.
    """
    engine = case.begin(build)
    start = {name: array.copy() for name, array in engine.state().items()}
    rows = np.empty((len(seeds), len(case.labels), len(NAMES)))
    for run, seed in enumerate(seeds):
        engine.restore(0, start)
        engine.constants = engine.constants._replace(seed=seed)
        if case.normalized is None:
            rows[run] = _advance(case, engine, case.times[-1])[np.array(case.times) - 1]
            continue
        for i, time in enumerate(case.times):
            rows[run, i] = _advance(case, engine, time)[-1]
            rows[run, len(case.times) + i], _ = engine.normalized(case.normalized)
    if not np.isfinite(rows).all():
        _, _, at = np.nonzero(~np.isfinite(rows))
        raise RunFailed(f"{case.name}: {NAMES[at[0]]} is not a number")
    return rows


def _advance(case: Case, engine: Engine, to: int) -> Array:
    """Advance to a step; return the rows."""
    steps = to - engine.step
    block = engine.advance(case.stage, steps, engine.step)
    if len(block.rows) < steps:
        raise RunFailed(f"{case.name}: diverged after {counted(engine.step, 'step')}")
    return block.rows


def seeds_of(seed: int, case: int, contender: int, runs: int) -> NDArray[np.uint64]:
    """Return the seeds of a sample, which no other sample has.

    Two-sample tests need independent samples. Dense engines draw the noise of A from the same
    stream, so runs with a seed in common would be dependent.
    """
    sequence = np.random.SeedSequence(seed, spawn_key=(case, contender))
    return sequence.generate_state(runs, np.uint64).astype(np.uint64, copy=False)
