"""One small file of each kind that scbsim writes."""

from __future__ import annotations

from pathlib import Path

from scbsim import Task, find_boundaries, phase_diagram, simulate
from scbsim.sampling.file import write_samples
from scbsim.sampling.sampler import Sampler
from scbsim.spec import RunSpec
from scbsim.studies.compare import compare
from scbsim.sweep.collect import collect
from scbsim.task.file import write_arrays
from scbsim_testing.small_runs import TASK, run_spec
from scbsim_testing.small_sweeps import ran

RUNS = {
    "dense": ("output.snapshot_every=10", "output.normalized_every=5"),
    "sparse": ("dynamics.engine=sparse", "output.snapshot_every=10"),
    "batch": ("dynamics.engine=batch", "dynamics.batch_size=8", "stage.0.threshold=0.02"),
    "softmax": ("dynamics.engine=softmax", "dynamics.rule=sgd", "dynamics.batch_size=8"),
    "collapsed": ("dynamics.engine=collapsed", "dynamics.rule=sgd"),
    "matched": ("noise.model=matched", "stage.0.threshold=0.02", "output.snapshot_every=10"),
    "ensemble": ("dynamics.replicas=3",),
}
"""Runs by their names, and what is changed for each."""


def made_runs(folder: Path) -> dict[str, Path]:
    """Make a run of every engine, an ensemble, and one that was stopped."""
    paths = {name: folder / f"{name}.h5" for name in RUNS}
    for name, words in RUNS.items():
        simulate(run_spec(*words), output=paths[name])
    scalar = {name: TASK[name] for name in ("N", "T", "Q", "seed")} | {"K_P": 0.3}
    paths["scalars"] = folder / "scalars.h5"
    tables = run_spec("dynamics.engine=sparse").to_dict() | {"task": scalar}
    simulate(RunSpec.from_dict(tables), output=paths["scalars"])
    paths["stopped"] = folder / "stopped.h5"
    simulate(run_spec(), output=paths["stopped"], stop=lambda: True)
    return paths


def made_others(folder: Path) -> dict[str, Path]:
    """Make a file of every other kind: of a sweep, a diagram, a comparison, samples, a task."""
    paths = {name: folder / f"{name}.h5" for name in ("copy", "view", "samples", "task")}
    sweep = ran(folder, 'product = {"seed" = "0:3", "dynamics.replicas" = [2]}', engine="dense")
    collect(sweep, paths["copy"], copy=True)
    collect(sweep, paths["view"], link=True)
    task = Task.random(**TASK)
    write_samples(paths["samples"], Sampler(task, 8), 0, 25)
    write_arrays(paths["task"], task)
    plain = {"task": TASK, "dynamics": {"batch_size": 1e5}, "stage": [{"steps": 9}]}
    axes = "task.T=60,80", "dynamics.batch_size=1e4,1e5"
    phase_diagram(RunSpec.from_dict(plain), *axes, output=folder / "phase", replicas=2)
    searched = {"along": axes[0], "find": axes[1], "replicas": 2, "seeds": 1}
    find_boundaries(plain | {"boundary": searched}, output=folder / "boundary")
    stages = [{"steps": 9, "rule": "sgd"}]
    batches = {"task": TASK, "dynamics": {"batch_size": 8, "replicas": 3}, "stage": stages}
    compare(RunSpec.from_dict(batches), folder / "compare")
    return paths | {
        "phase": folder / "phase" / "phase.h5",
        "boundary": folder / "boundary" / "boundary.h5",
        "compare": folder / "compare" / "compare.h5",
    }
