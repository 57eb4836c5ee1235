"""The plan of a run: everything that follows from its spec and task, computed once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

from scbsim.engines.cost import value_bytes
from scbsim.engines.noise import Noise, NoiseLevels
from scbsim.engines.random_stream import size_of_batches
from scbsim.engines.stages import Stage
from scbsim.spec import RunSpec
from scbsim.spec.engines import ENGINES, EngineRecord
from scbsim.task import Task
from scbsim.util.imported import imported


class Choice(NamedTuple):
    """The engine's name, the reason in one line, and whether V is stored as a matrix."""

    name: str
    why: str
    matrix_V: bool = False


@dataclass(frozen=True)
class RunPlan:
    """The plan of a run, made by :func:`scbsim.engines.select.plan_of`.

    Attributes
    ----------
    spec : RunSpec
    task : Task
    stages : tuple of Stage
    noise : NoiseLevels, MatchedNoise or SampledNoise
        The noise of the engine.
    levels : NoiseLevels
        The levels with which costs are estimated.
    choice : Choice
    handed : bool
        Whether the samples of real batches come from elsewhere and are not drawn.
    """

    spec: RunSpec
    task: Task
    stages: tuple[Stage, ...]
    noise: Noise
    levels: NoiseLevels
    choice: Choice
    handed: bool = False

    @property
    def record(self) -> EngineRecord:
        """The engine's record."""
        return ENGINES[self.choice.name]

    @property
    def engine(self) -> Any:
        """The engine's class."""
        return imported(self.record.where)

    @property
    def batch_size(self) -> int | None:
        """Samples per step on real batches; None under Gaussian noise."""
        return size_of_batches(self.choice.name, self.spec.dynamics.batch_size)

    @property
    def own_batches(self) -> bool:
        """Whether some stage has a batch size of its own, or a schedule of them."""
        return any(stage.batch_size is not None for stage in self.spec.stage)

    @property
    def largest_batch(self) -> int:
        """The largest batch of any stage."""
        return int(max(most for _, most in self._batches()))

    @property
    def largest_batch_key(self) -> str:
        """The key of the largest batch."""
        sizes = [most for _, most in self._batches()]
        i = sizes.index(max(sizes))
        own = self.spec.stage[i].batch_size is not None
        return f"stage.{i}.batch_size" if own else "dynamics.batch_size"

    @property
    def mean_batch(self) -> float:
        """The mean batch of a step, over the most steps of all stages."""
        sums = (s.steps * mean for s, (mean, _) in zip(self.stages, self._batches(), strict=True))
        return sum(sums) / self.spec.total_steps

    def _batches(self) -> list[tuple[float, float]]:
        """Return the mean and the largest batch of each stage."""
        base = float(self.spec.dynamics.batch_size)
        return [
            (base, base) if stage.schedule is None else stage.schedule.batches
            for stage in self.stages
        ]

    @property
    def step_seconds(self) -> float:
        """About how many seconds a step of one replica takes on one thread."""
        return float(self.engine.step_seconds(self))

    @property
    def memory(self) -> int:
        """About how many bytes each replica needs, without what all share."""
        return int(self.engine.memory(self))

    @property
    def shared_memory(self) -> int:
        """The bytes that all replicas share: the target of a matrix V."""
        return value_bytes(self.task.N, self.choice.matrix_V)

    @property
    def kernels(self) -> tuple[str, ...]:
        """The kernels of the run, in the order of their first calls."""
        return tuple(self.engine.kernels(self))
