"""Which engine runs a spec, and why: by rule, by noise, and by what a step would cost."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from scbsim.engines.base import Engine
from scbsim.engines.batch import BatchEngine
from scbsim.engines.collapsed import CollapsedEngine
from scbsim.engines.cost import (
    COLLAPSED_STEP,
    DENSE_ENTRY,
    batch_seconds,
    dense_seconds,
    engine_bytes,
    sparse_bytes,
    sparse_room,
    sparse_seconds,
)
from scbsim.engines.dense import DenseEngine
from scbsim.engines.noise import NoiseLevels, noise_of
from scbsim.engines.population import PopulationEngine
from scbsim.engines.random_stream import ORIGIN, StreamStart, size_of_batches
from scbsim.engines.softmax import SoftmaxEngine
from scbsim.engines.sparse import SparseEngine, require_room
from scbsim.engines.stages import stages_of
from scbsim.errors import InputError
from scbsim.spec import RunSpec
from scbsim.spec.checks import REAL_BATCHES
from scbsim.state import State
from scbsim.task import Task
from scbsim.task.sparse_bigram import WITHOUT_P
from scbsim.util.memory import fits

ENGINES: dict[str, Callable[..., Engine]] = {
    "batch": BatchEngine,
    "collapsed": CollapsedEngine,
    "dense": DenseEngine,
    "population": PopulationEngine,
    "softmax": SoftmaxEngine,
    "sparse": SparseEngine,
}

SHARING = ("dense", *REAL_BATCHES)
"""Engines that share the step of one replica out over threads."""


@dataclass(frozen=True)
class Choice:
    """The engine's name, the reason in one line, and whether V is kept as a matrix."""

    name: str
    why: str
    matrix_V: bool = False


def choose(spec: RunSpec, task: Task, start: str | None = None) -> Choice:
    """Return the engine that a spec asks for; ``auto`` decides.

    Threads and replicas have no say in it: they would have one in the numbers then.

    Parameters
    ----------
    spec : RunSpec
    task : Task
        Its costs depend on it.
    start : str, optional
        The engine whose last state the run starts from.
    """
    name, why = _engine(spec, task, start)
    return Choice(name, why, keeps_matrix_V(spec, task, name))


def begun_by(state: State) -> Choice:
    """Return the engine that left a state: a run goes on as it began, wherever it goes on."""
    if "logits" in state:
        name = "softmax"
    elif "column_sums" in state:
        name = "batch"
    elif "indptr" in state:
        name = "sparse"
    elif "alpha" in state:
        name = "collapsed"
    else:
        name = "dense" if "bulk" in state else "population"
    return Choice(name, "as the run began", bool(state["W"].size))


def _engine(spec: RunSpec, task: Task, start: str | None) -> tuple[str, str]:
    if spec.dynamics.engine != "auto":
        return spec.dynamics.engine, "asked for"
    if spec.noise.model == "none" and start is None:
        return "population", "no noise: the population process is the whole of it"
    rules = {spec.rule_of(i) for i in range(len(spec.stage))}
    if rules == {"sgd"} and spec.noise.model == "matched":
        return "dense", "SGD moves every entry, and matched noise has a level for each"
    if rules == {"sgd"}:
        if entries := _wants_entries(spec):
            return "dense", f"SGD moves every entry, and {entries} needs them"
        return "collapsed", "SGD under isotropic noise is known by a few numbers, exactly in law"
    if "sgd" in rules:
        return "dense", "stages of SGD and of an l1 rule: between them every entry counts"
    if start == "dense":
        return "dense", "the state that it starts from has every entry"
    return _cheaper(spec, task)


def _wants_entries(spec: RunSpec) -> str | None:
    """Return what of the spec wants entries of a matrix, or None."""
    if spec.dynamics.value == "matrix":
        return 'dynamics.value = "matrix"'
    if any(stage.normalize_level is not None for stage in spec.stage):
        return "a stage's normalize_level"
    if spec.output.snapshot_every:
        return "output.snapshot_every"
    if spec.output.normalized_every:
        return "output.normalized_every"
    return "output.final_state" if spec.output.final_state is True else None


def _cheaper(spec: RunSpec, task: Task) -> tuple[str, str]:
    """Choose between the dense and the sparse engine for l1 rules, as if on one thread."""
    noise, stages = NoiseLevels.from_spec(spec, task), stages_of(spec, task)
    of_V = {name: keeps_matrix_V(spec, task, name) for name in ("dense", "sparse")}
    sparse = sparse_seconds(stages, noise, task, value=of_V["sparse"])
    dense = dense_seconds(task, np.dtype(spec.dynamics.precision), value=of_V["dense"])
    needed = sparse_bytes(stages, noise, task)
    every = DenseEngine.needs(task, spec.dynamics.precision, value=of_V["dense"])
    if every < needed and not fits(needed):
        return "dense", f"active entries would need {needed / 1e9:.3g} GB"
    costs = f"{_time(sparse)} on active entries, and {_time(dense)} on all"
    words = f"a step costs one thread about {costs}"
    if sparse <= dense or not fits(every):
        return "sparse", f"{words}, with the same law"
    return "dense", words


def _time(seconds: float) -> str:
    for unit, size in (("s", 1.0), ("ms", 1e-3)):
        if seconds >= size:
            return f"{seconds / size:.2g} {unit}"
    return f"{seconds / 1e-6:.2g} us"


def keeps_matrix_V(spec: RunSpec, task: Task, engine: str) -> bool:
    """Return whether V is kept as a matrix: always by the dense engine, unless told otherwise."""
    if engine in REAL_BATCHES:
        return True
    if spec.dynamics.value != "auto":
        return spec.dynamics.value == "matrix"
    if engine in ("collapsed", "population"):
        return False
    if spec.noise.model == "matched":
        return True
    if spec.output.snapshot_every:
        return True
    # Of a task without P the last state is one by scalars, and as good to go on from.
    return task.P is not None and (engine == "dense" or spec.output.final_state is True)


def entries(choice: Choice, spec: RunSpec, task: Task) -> float:
    """Return about how many entries of the dense matrix would take as long as a step does."""
    if choice.name == "dense":
        return task.N * task.T
    if choice.name in REAL_BATCHES:
        return batch_seconds(task, spec.dynamics.batch_size) / DENSE_ENTRY
    stages, noise = stages_of(spec, task), NoiseLevels.from_spec(spec, task)
    if choice.name == "sparse":
        return sparse_seconds(stages, noise, task, value=choice.matrix_V) / DENSE_ENTRY
    return COLLAPSED_STEP / DENSE_ENTRY


def build(
    choice: Choice,
    spec: RunSpec,
    task: Task,
    threads: int,
    replica: int = 0,
    start: StreamStart = ORIGIN,
) -> Engine:
    """Build an engine at the start of a run, with the noise of so many replicas after the spec's.

    Raises
    ------
    InputError
        If the task is known by its scalars, and V is to be kept as a matrix.
    MemoryNeeded
        If its state does not fit into memory.
    """
    if choice.matrix_V and task.P is None:
        raise InputError(WITHOUT_P)
    from_signals = spec.init.from_ is None
    noise = noise_of(spec, task)
    if choice.name == "sparse" and spec.dynamics.replicas == 1 and isinstance(noise, NoiseLevels):
        # What it comes to need is known now, before there is a file.
        require_room(*sparse_room(stages_of(spec, task), noise, task))
    batch_size = size_of_batches(choice.name, spec.dynamics.batch_size)
    batches = {} if batch_size is None else {"batch_size": batch_size}
    start.require_room(spec.total_steps, batch_size)
    return ENGINES[choice.name](
        task,
        noise,
        alpha_A=spec.init.alpha_A if from_signals else 0.0,
        alpha_V=spec.init.alpha_V if from_signals else 0.0,
        seed=spec.seed,
        replica=spec.dynamics.replica + replica,
        dtype=np.dtype(spec.dynamics.precision),
        threads=threads,
        value=choice.matrix_V,
        first_step=start.first_step(batch_size),
        **batches,
    )


def needs(choice: Choice, spec: RunSpec, task: Task) -> int:
    """Return about how many bytes an engine comes to take, beside those that all share."""
    own = engine_bytes(task, lists=choice.name in ("sparse", "population"))
    if choice.name == "dense":
        return DenseEngine.needs(task, spec.dynamics.precision, value=choice.matrix_V) + own
    if choice.name in REAL_BATCHES:
        made = SoftmaxEngine if choice.name == "softmax" else BatchEngine
        batch_size = spec.dynamics.batch_size
        return made.needs_of_batches(task, np.dtype(spec.dynamics.precision), batch_size)
    of_V = 2 * 8 * task.N * task.N if choice.matrix_V else 0
    if choice.name == "sparse":
        noise = NoiseLevels.from_spec(spec, task)
        return int(sparse_bytes(stages_of(spec, task), noise, task)) + of_V + own
    return of_V + own
