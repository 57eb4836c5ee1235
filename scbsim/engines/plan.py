"""A run, worked out once: everything that follows from its spec and its task."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import Any

from scbsim.engines.noise import Noise, NoiseLevels
from scbsim.engines.random_stream import size_of_batches
from scbsim.engines.stages import Stage
from scbsim.spec import RunSpec
from scbsim.spec.engines import ENGINES, EngineRecord
from scbsim.task import Task


@dataclass(frozen=True)
class Choice:
    """The engine's name, the reason in one line, and whether V is kept as a matrix."""

    name: str
    why: str
    matrix_V: bool = False


@dataclass(frozen=True)
class RunPlan:
    """What the loop, costs, summary and provenance of a run read.

    :func:`scbsim.engines.select.plan_of` makes it.

    Attributes
    ----------
    spec : RunSpec
    task : Task
    stages : tuple of Stage
    noise : NoiseLevels or MatchedNoise
        What the engine draws from.
    levels : NoiseLevels
        The noise levels by which costs are estimated.
    choice : Choice
    """

    spec: RunSpec
    task: Task
    stages: tuple[Stage, ...]
    noise: Noise
    levels: NoiseLevels
    choice: Choice

    @property
    def record(self) -> EngineRecord:
        """The engine's record."""
        return ENGINES[self.choice.name]

    @property
    def engine(self) -> Any:
        """The engine's class."""
        module, _, name = self.record.where.partition(":")
        return getattr(import_module(module), name)

    @property
    def batch_size(self) -> int | None:
        """Samples of a real batch; None under Gaussian noise."""
        return size_of_batches(self.choice.name, self.spec.dynamics.batch_size)

    @property
    def step_seconds(self) -> float:
        """About how long one thread takes for a step of one replica."""
        return float(self.engine.step_seconds(self))

    @property
    def memory(self) -> int:
        """About how many bytes one replica comes to take, beside what all share."""
        return int(self.engine.memory(self))

    @property
    def kernels(self) -> tuple[str, ...]:
        """The kernels that it calls, in the order in which it begins to.

        The last is for the normalised copy that a run ends with.
        """
        return tuple(self.engine.kernels(self))
