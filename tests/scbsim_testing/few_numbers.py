"""Engines of SGD that keep A as a few numbers, and all entries of one draw."""

from __future__ import annotations

import numpy as np

from scbsim.engines.collapsed import CollapsedEngine
from scbsim.engines.columns import ColumnsEngine
from scbsim.engines.noise import MatchedNoise, NoiseLevels, SampledNoise
from scbsim.engines.sampled import SampledEngine

START = {"alpha_A": 0.3, "alpha_V": 0.4, "seed": 3}


def columns(task):
    return ColumnsEngine(task, MatchedNoise(300, 2, covariances=True), **START)


def sampled(task):
    return SampledEngine(task, SampledNoise(300), **START)


def collapsed(task):
    return CollapsedEngine(task, NoiseLevels(0.02 / np.sqrt(task.mu), 0.01), **START)


def ladder(task):
    return CollapsedEngine(task, NoiseLevels(0.02 * np.arange(task.N), 0.01), **START)


def drawn(engine):
    """(N, T): s, from one draw."""
    entries = engine.entries()
    s = np.array([entries.part(k, 0, engine.task.T) for k in range(engine.task.N)])
    np.put_along_axis(s, engine.task.q_positions, entries.support, axis=1)
    return s
