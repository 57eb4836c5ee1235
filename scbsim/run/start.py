"""Where a run starts: its task, its noise stream and its first state."""

from __future__ import annotations

from scbsim.engines.random_stream import ORIGIN, StreamStart
from scbsim.errors import Fault, SpecError, TaskError
from scbsim.run.ensemble import Ensemble
from scbsim.spec import RunSpec
from scbsim.task import Task
from scbsim.task.sparse_bigram import WITHOUT_TRUTH
from scbsim.util.memory import require_task

_NO_SIGNALS = "the truth is unknown, and so are signals of it"


def task_of(spec: RunSpec, task: Task | None) -> Task:
    """Return the task of a run: ``task`` if given, else drawn or read by the spec.

    Raises
    ------
    TaskError
        If the task is not valid, or does not have the sizes of the spec.
    """
    if task is None:
        if spec.task.N is not None and spec.task.K_P is None:
            require_task(spec.task.N)
        return Task.from_spec(spec.task)
    faults = [
        Fault(f"task.{name}", f"{wanted} in the spec, {getattr(task, name)} in the task given")
        for name in ("N", "T", "Q", "K_P")
        if (wanted := getattr(spec.task, name)) is not None and wanted != getattr(task, name)
    ]
    if faults:
        raise TaskError(faults)
    return task


def require_known_truth(spec: RunSpec, task: Task, handed: bool) -> None:
    """Raise :class:`SpecError`, with every fault, if a run needs a truth that is unknown."""
    if task.truth_known:
        return
    faults = []
    if not handed:
        faults.append(Fault("data.from", f"missing: {WITHOUT_TRUTH}"))
    if spec.init.from_signals:
        faults += [
            Fault(f"init.{name}", f"{value:g}: {_NO_SIGNALS}; set it to 0")
            for name in ("alpha_A", "alpha_V")
            if (value := getattr(spec.init, name)) != 0.0
        ]
    if spec.init.correlation is not None:
        faults.append(
            Fault("init.correlation", f"{_NO_SIGNALS}; set init.alpha_A and alpha_V to 0")
        )
    faults += [
        Fault(f"stage.{i}.until_signal", f"{_NO_SIGNALS}; remove it")
        for i, stage in enumerate(spec.stage)
        if stage.until_signal is not None
    ]
    if faults:
        raise SpecError(faults, "the spec of a run whose truth is unknown")


def stream_of(spec: RunSpec) -> StreamStart:
    """Return where the noise of a new run begins: after the noise of the run it starts from."""
    from scbsim.storage.runfile.stream_start import stream_after

    return ORIGIN if spec.init.from_ is None else stream_after(spec.init.from_)


def engine_of_start(spec: RunSpec) -> str | None:
    """Return the engine of the run whose last state a run starts from, or None."""
    from scbsim.storage.description import describe

    path = spec.init.from_
    return None if path is None else str(describe(path)["provenance"]["engine"])


def start_from(path: str, ensemble: Ensemble, task: Task) -> None:
    """Set every replica to the last state of another run."""
    from scbsim.storage.runfile.reader import last_state

    old, state = last_state(path)
    require_sizes(path, old, task)
    for replica in ensemble.replicas:
        replica.engine.adopt(state, old)


def require_sizes(path: str, old: Task, new: Task) -> None:
    """Raise :class:`SpecError` unless the run at ``path`` has a task of the same N and T."""
    faults = [
        Fault("init.from", f"{path} has {name} = {getattr(old, name)}, and this run {wanted}")
        for name in ("N", "T")
        if (wanted := getattr(new, name)) != getattr(old, name)
    ]
    if faults:
        raise SpecError(faults)
