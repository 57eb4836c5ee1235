"""Compile and cache every kernel, so that later runs start at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from time import perf_counter

from scbsim.engines.select import build, plan_of
from scbsim.engines.sparse import SparseEngine
from scbsim.engines.sparse_shares import warm
from scbsim.kernels.batch.handed import end_round
from scbsim.kernels.batch.workspace import make_work
from scbsim.kernels.compile.events import Compiling, compile_events
from scbsim.run.simulate import simulate
from scbsim.sampling.sampler import sample_batch
from scbsim.spec import RunSpec
from scbsim.task import Task

_SPARSE = ("dynamics.engine=sparse", "dynamics.rule=prox")
_SINGLE = ("dynamics.engine=dense", "dynamics.precision=float32")
_DOUBLE = ("dynamics.engine=dense", "dynamics.precision=float64")
_COVARIANCES = ("noise.model=matched", "noise.covariances=true")
_LEVELS = ("noise.model=matched", "noise.covariances=false")
_SAMPLED = ("noise.model=sampled", "dynamics.batch_size=10")
_STAGED = (
    "dynamics.engine=staged",
    'stage=[{steps = 2, rule = "sgd"}, {steps = 2, rule = "prox", threshold = 0.1}]',
)
_NORMALIZED = "stage.0.normalize_level=0.1"  # levels are updated by a call of its own
_BATCHES = ("dynamics.engine=batch", "dynamics.rule=sgd", "dynamics.batch_size=10")

RUNS: dict[str, tuple[str, ...]] = {
    "collapsed": ("dynamics.engine=collapsed", "dynamics.rule=sgd", "output.final_state=true"),
    "columns": ("dynamics.engine=columns", "dynamics.rule=sgd", *_LEVELS),
    "columns, covariances": ("dynamics.engine=columns", "dynamics.rule=sgd", *_COVARIANCES),
    "approximate": ("dynamics.engine=approximate", "dynamics.rule=sgd", *_LEVELS),
    "approximate, covariances": (
        *("dynamics.engine=approximate", "dynamics.rule=sgd"),
        *_COVARIANCES,
    ),
    "sampled": (*_SAMPLED, "dynamics.rule=sgd"),
    "sparse": _SPARSE,
    "dense, float32": _SINGLE,
    "dense, float64": _DOUBLE,
    "sparse, matched noise": (*_SPARSE, *_LEVELS),
    "dense, float32, matched noise": (*_SINGLE, *_LEVELS, _NORMALIZED),
    "dense, float64, matched noise": (*_DOUBLE, *_LEVELS, _NORMALIZED),
    "sparse, covariances": (*_SPARSE, *_COVARIANCES),
    "dense, float32, covariances": (*_SINGLE, *_COVARIANCES, _NORMALIZED),
    "dense, float64, covariances": (*_DOUBLE, *_COVARIANCES, _NORMALIZED),
    "dense, float32, sampled noise": (*_SINGLE, *_SAMPLED, _NORMALIZED),
    "dense, float64, sampled noise": (*_DOUBLE, *_SAMPLED, _NORMALIZED),
    "sparse, hard": ("dynamics.engine=sparse", "dynamics.rule=hard"),
    "dense, float32, hard": (*_SINGLE, "dynamics.rule=hard"),
    "dense, float32, momentum": (*_SINGLE, "dynamics.rule=momentum"),
    "staged": _STAGED,
    "staged, matched noise": (*_STAGED, *_LEVELS),
    "staged, covariances": (*_STAGED, *_COVARIANCES),
    "batches, float32": (*_BATCHES, "dynamics.precision=float32"),
    "batches, float64": (*_BATCHES, "dynamics.precision=float64"),
    "given batches, float32": (*_BATCHES, "dynamics.precision=float32"),
    "given batches, float64": (*_BATCHES, "dynamics.precision=float64"),
}
"""Overrides of runs that together need every kernel, by the name in reports."""

Report = Callable[[str, Sequence[str], float], None]
Tell = Callable[[str, Compiling, Sequence[str]], None]


def warmup(
    names: Sequence[str] | None = None, report: Report | None = None, tell: Tell | None = None
) -> dict[str, float]:
    """Compile and cache the kernels, by a run of two steps of each kind.

    Parameters
    ----------
    names : sequence of str, optional
        Names in :data:`RUNS`; by default all.
    report : callable, optional
        Called after each run with its name, the kernels that were compiled, and the seconds.
    tell : callable, optional
        Called during each run with its name, the kernel that is being compiled, and all kernels
        that the run needs.

    Returns
    -------
    dict
        Seconds by name: a fraction of a second if the kernels were in the cache.
    """
    seconds = {}
    for name in RUNS if names is None else names:
        began = perf_counter()
        kernels = _compile(name, tell)
        seconds[name] = perf_counter() - began
        if report is not None:
            report(name, kernels, seconds[name])
    return seconds


def _compile(name: str, tell: Tell | None) -> list[str]:
    """Do one of the runs; return the kernels that were compiled for it."""
    spec = RunSpec.from_dict(
        {"task": {"N": 3, "T": 50, "Q": 1}, "stage": [{"steps": 2}]}, overrides=RUNS[name]
    )
    task = Task.from_spec(spec.task)
    handed = name.startswith("given")
    plan = replace(plan_of(spec, task), handed=handed)
    samples = plan.record.samples
    needed = plan.kernels + (("draw",) if samples else ())
    kernels: list[str] = []

    def on_compile(what: Compiling) -> None:
        if not what.functions and not what.waits:
            kernels.append(what.kernel)
        if tell is not None:
            tell(name, what, needed)

    with compile_events(on_compile):
        if handed:
            simulate(spec, batches=lambda number: sample_batch(task, 10, number=number))
            # Longer batches come in parts, and their rounds end in a call of their own.
            end_round(10, True, make_work(task.N, task.T, 10, spec.dynamics.precision, 1))
            return kernels
        simulate(spec)
        if name == "sparse":
            # A run would call them in large steps only.
            engine = build(plan, 1)
            assert isinstance(engine, SparseEngine)
            warm(engine, plan.stages[0])
        if samples:
            # A run draws tokens of two bytes; this draws tokens of one byte.
            sample_batch(task, 2)
    return kernels
