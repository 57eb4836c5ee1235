"""Settings of the transfer figure, and the specs of its runs.

All sizes, rates and levels are our choice; docs/transfer.md lists them with the reasons.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from scbsim.spec import RunSpec

SIGNAL: Final = 0.1
"""The first stage ends at a signal of this size, as in the caption of the paper's Figure 1."""

REPLICAS: Final = 16
PRETRAINING_STREAM: Final = 2**20
"""Replica number of the pretraining noise, which no other run uses."""

RELATED_SEED: Final = 1
"""Seed of the pretraining tasks."""

_TASK: Final = {"N": 10, "Q": 2, "P_concentration": 0.02, "seed": 0}
RATE: Final = 0.05
"""Step size of both matrices."""

_RATES: Final = {"rate_A": RATE, "rate_V": RATE}
_STAGES: Final[tuple[dict[str, Any], ...]] = (
    {"rule": "sgd", "steps": 800, **_RATES, "until_signal": SIGNAL},
    {"rule": "prox", "steps": 400, **_RATES, "threshold": 0.03, "normalize_level": 0.1},
)
_UNIFORM: Final = {"alpha_A": 0.0, "alpha_V": 0.0}


@dataclass(frozen=True)
class Setting:
    """The runs in one panel: a downstream task, its noise, and the starts.

    Attributes
    ----------
    name : str
        Name of its folder.
    T : int
        Length of the context.
    engine : str
    starts : tuple of float or None
        Correlations of the pretraining tasks with the downstream task; None is from scratch.
    batches : tuple of int
        Batch sizes, each with every start.
    pretraining_batch : int
        Batch size of pretraining, large enough that no run sets out in the wrong direction.
    every : int
        Steps between recorded rows.
    noise : dict
        The table ``[noise]``, if any.
    """

    name: str
    T: int
    engine: str
    starts: tuple[float | None, ...]
    batches: tuple[int, ...]
    pretraining_batch: int
    every: int
    noise: dict[str, Any] = field(default_factory=dict)

    @property
    def task(self) -> dict[str, Any]:
        """The table ``[task]`` of the downstream task."""
        return {**_TASK, "T": self.T}

    def pretraining(self, correlation: float, folder: Path, words: Sequence[str]) -> RunSpec:
        """Return the spec of a pretraining run, with ``key=value`` words as after ``--set``."""
        return self._spec(
            words,
            task={"from": str(task_file(folder, correlation))},
            dynamics={"batch_size": self.pretraining_batch, "replica": PRETRAINING_STREAM},
            init=_UNIFORM,
            output={"every": 10, "final_state": True},
        )

    def learning(
        self, start: float | None, batch: int, folder: Path, words: Sequence[str]
    ) -> RunSpec:
        """Return the spec of the runs that learn the downstream task from one start."""
        return self._spec(
            words,
            task=self.task,
            dynamics={"batch_size": batch, "replicas": REPLICAS},
            init=_UNIFORM if start is None else {"from": str(pretrained_file(folder, start))},
            output={"every": self.every},
        )

    def _spec(self, words: Sequence[str], *, dynamics: dict[str, Any], **tables: Any) -> RunSpec:
        from scbsim.spec import RunSpec

        tables["dynamics"] = {"engine": self.engine, **dynamics}
        tables |= {"noise": self.noise, "stage": [dict(stage) for stage in _STAGES]}
        return RunSpec.from_dict(tables, overrides=words)


_COMPARED = "it compares batch sizes and starts, on tasks and noise of its own"
OWN: Final = {
    **dict.fromkeys(
        ("task", "init", "noise.model", "dynamics.engine", "dynamics.batch_size"), _COMPARED
    ),
    **dict.fromkeys(("dynamics.replicas", "dynamics.replica"), "it fixes how many runs learn"),
    **dict.fromkeys(("stage.0.rate_A", "stage.0.rate_V"), "its dotted line is for that rate"),
    "stage.0.until_signal": "the figure says that the first stage ends there",
    "stage.2": "it has two stages",
    "output.every": "it counts steps by recorded rows",
    "output.final_state": "runs start from the last states of others",
}
"""Keys that ``--set`` may not set, and why."""

STEPS: Final = Setting(
    name="real",
    T=5_000,
    engine="batch",
    starts=(None, 0.05, 0.1, 0.2, 0.35, 0.5, 0.7, 0.9, 1.0),
    batches=(64,),
    pretraining_batch=512,
    every=1,
)
"""How many steps learning takes, on real batches."""

SAMPLES: Final = Setting(
    name="gaussian",
    T=100_000,
    engine="dense",
    noise={"model": "matched", "covariances": False},
    starts=(None, 0.05, 0.1, 0.5),
    batches=tuple(2**n for n in range(4, 14)),
    pretraining_batch=2**15,
    every=50,
)
"""Which batch size learning takes, under matched Gaussian noise."""

QUICK: Final[dict[str, dict[str, Any]]] = {
    "real": {"starts": (None, 0.1, 0.5, 1.0)},
    "gaussian": {"starts": (None, 0.5), "batches": (64, 512, 4096)},
}
"""Starts and batch sizes of the quick figure, whose runs are a subset of the full one's."""


def task_file(folder: Path, correlation: float) -> Path:
    """Return the path of the pretraining task of a correlation."""
    return folder / f"task-{correlation:g}.h5"


def pretrained_file(folder: Path, correlation: float) -> Path:
    """Return the path of the pretraining run of a correlation."""
    return folder / f"pretrained-{correlation:g}.h5"


def learning_file(folder: Path, start: float | None, batch: int) -> Path:
    """Return the path of the runs from one start at one batch size."""
    return folder / f"{'scratch' if start is None else f'from-{start:g}'}-batch{batch}.h5"
