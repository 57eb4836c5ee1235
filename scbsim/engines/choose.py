"""Which engine runs a spec, and why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from scbsim.engines.base import Engine
from scbsim.engines.dense import DenseEngine
from scbsim.engines.population import PopulationEngine
from scbsim.noise import NoiseLevels
from scbsim.spec import RunSpec
from scbsim.task import Task

ENGINES: dict[str, Any] = {
    "dense": DenseEngine,
    "population": PopulationEngine,
}


@dataclass(frozen=True)
class Choice:
    """The engine's name, and the reason in one line."""

    name: str
    why: str


def choose(spec: RunSpec) -> Choice:
    """Return the engine that a spec asks for; ``auto`` decides."""
    if spec.dynamics.engine != "auto":
        return Choice(spec.dynamics.engine, "asked for")
    if spec.noise.model == "none" and spec.init.from_ is None:
        return Choice("population", "no noise: the population process is the whole of it")
    return Choice("dense", "noise on every entry")


def build(choice: Choice, spec: RunSpec, task: Task, threads: int, replica: int = 0) -> Engine:
    """Build an engine at the start of a run, with the noise of so many replicas after the spec's.

    Raises
    ------
    MemoryNeeded
        If its state does not fit into memory.
    """
    from_signals = spec.init.from_ is None
    engine: Engine = ENGINES[choice.name](
        task,
        NoiseLevels.from_spec(spec, task),
        alpha_A=spec.init.alpha_A if from_signals else 0.0,
        alpha_V=spec.init.alpha_V if from_signals else 0.0,
        seed=spec.seed,
        replica=spec.dynamics.replica + replica,
        dtype=np.dtype(spec.dynamics.precision),
        threads=threads,
    )
    return engine
