"""A case of the verification, and the engines that are compared in it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial

import numpy as np

from scbsim.engines.collapsed import CollapsedEngine
from scbsim.engines.columns import ColumnsEngine
from scbsim.engines.dense import DenseEngine
from scbsim.engines.noise import Noise
from scbsim.engines.population import PopulationEngine
from scbsim.engines.sampled import SampledEngine
from scbsim.engines.sparse import SparseEngine
from scbsim.engines.stages import Stage
from scbsim.spec.rules import rule_record
from scbsim.task import Task

Engine = DenseEngine | SparseEngine | CollapsedEngine | ColumnsEngine | SampledEngine
Build = Callable[..., Engine]
"""Called like an engine's class: ``build(task, noise, alpha_A=..., alpha_V=...)``."""


@dataclass(frozen=True)
class Contender:
    """An engine with its options.

    Attributes
    ----------
    name : str
    build : callable
        Returns an engine at its start.
    tolerance : float
        Largest rounding error of its observables.
    """

    name: str
    build: Build
    tolerance: float = 1e-10


TRUTH = Contender("dense, float64", partial(DenseEngine, dtype=np.float64))
"""Every entry of A and V in float64: the dynamics exactly as defined."""

SINGLE = Contender("dense, float32", partial(DenseEngine, dtype=np.float32), 1e-5)
SCALARS_OF_V = Contender(
    "dense, V collapsed", partial(DenseEngine, dtype=np.float32, value=False), 1e-5
)
SPARSE = Contender("sparse", SparseEngine)
SPARSE_A = Contender("sparse, V a matrix", partial(SparseEngine, value=True))
COLLAPSED = Contender("collapsed", CollapsedEngine)
COLUMNS = Contender("columns", ColumnsEngine)
SAMPLED = Contender("sampled", SampledEngine)
POPULATION = Contender("population", PopulationEngine)
"""In cases without noise."""


@dataclass(frozen=True)
class Case:
    """Dynamics under which every contender must have the same law as `TRUTH`.

    Attributes
    ----------
    name : str
    task : Task
    noise : NoiseLevels, MatchedNoise or SampledNoise
    stage : Stage
    contenders : tuple of Contender
    start : mapping
        ``alpha_A`` and ``alpha_V``.
    warm : (Stage, noise), optional
        A dense engine runs this stage first, so that all start from a state with noise parts.
    times : tuple of int
        Steps after which the observables are compared, jointly.
    normalized : float, optional
        Threshold of normalised copies, whose observables are compared as well, jointly with them.
    """

    name: str
    task: Task
    noise: Noise
    stage: Stage
    contenders: tuple[Contender, ...]
    start: Mapping[str, float] = field(default_factory=lambda: {"alpha_A": 0.3, "alpha_V": 0.4})
    warm: tuple[Stage, Noise] | None = None
    times: tuple[int, ...] = (1, 3, 8)
    normalized: float | None = None

    @property
    def labels(self) -> tuple[str, ...]:
        """The names of the rows of a sample."""
        at = tuple(map(str, self.times))
        return at if self.normalized is None else (*at, *(f"{t}, normalised" for t in at))

    def begin(self, build: Build) -> Engine:
        """Return an engine at the start of the case."""
        engine = build(self.task, self.noise, **self.start)
        if rule_record(self.stage.rule).memory:
            engine.keep_memory()
        if self.warm is not None:
            stage, noise = self.warm
            before = TRUTH.build(self.task, noise, **self.start, seed=1)
            before.advance(stage, stage.steps)
            engine.adopt(before.state(), self.task)
        return engine
