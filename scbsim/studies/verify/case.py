"""What is compared in one case, and with which engines."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from scbsim.engines.collapsed import CollapsedEngine
from scbsim.engines.dense import DenseEngine
from scbsim.engines.noise import Noise
from scbsim.engines.sparse import SparseEngine
from scbsim.engines.stages import Stage
from scbsim.task import Task

Build = Callable[..., Any]
"""Called as an engine's class: ``build(task, noise, alpha_A=..., alpha_V=...)``."""


@dataclass(frozen=True)
class Contender:
    """A way to run the dynamics.

    Attributes
    ----------
    name : str
    build : callable
        Returns an engine at its start.
    tolerance : float
        What rounding may do to its observables.
    """

    name: str
    build: Build
    tolerance: float = 1e-10


def _with(engine: Build, **options: Any) -> Build:
    return lambda *words, **start: engine(*words, **start, **options)


TRUTH = Contender("dense, float64", _with(DenseEngine, dtype=np.float64))
"""Every entry of A and V in float64: the dynamics as they are written."""

SINGLE = Contender("dense, float32", _with(DenseEngine, dtype=np.float32), 1e-5)
SCALARS_OF_V = Contender(
    "dense, V collapsed", _with(DenseEngine, dtype=np.float32, value=False), 1e-5
)
SPARSE = Contender("sparse", SparseEngine)
SPARSE_A = Contender("sparse, V a matrix", _with(SparseEngine, value=True))
COLLAPSED = Contender("collapsed", CollapsedEngine)


@dataclass(frozen=True)
class Case:
    """Dynamics of which every contender must have the truth's law.

    Attributes
    ----------
    name : str
    task : Task
    noise : NoiseLevels or MatchedNoise
    stage : Stage
    contenders : tuple of Contender
    start : mapping
        ``alpha_A`` and ``alpha_V``.
    warm : (Stage, noise), optional
        Under which a dense engine ran first, so that all start from a state with a rest.
    times : tuple of int
        Steps after which the observables are compared, together.
    """

    name: str
    task: Task
    noise: Noise
    stage: Stage
    contenders: tuple[Contender, ...]
    start: Mapping[str, float] = field(default_factory=lambda: {"alpha_A": 0.3, "alpha_V": 0.4})
    warm: tuple[Stage, Noise] | None = None
    times: tuple[int, ...] = (1, 3, 8)

    def begin(self, build: Build) -> Any:
        """Return an engine at the start of the case."""
        engine = build(self.task, self.noise, **self.start)
        if self.warm is not None:
            stage, noise = self.warm
            before = TRUTH.build(self.task, noise, **self.start, seed=1)
            before.advance(stage, stage.steps)
            engine.adopt(before.state(), self.task)
        return engine
