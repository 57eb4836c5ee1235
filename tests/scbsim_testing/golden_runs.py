"""Small runs of every engine, rule, noise model and precision, whose results are kept on file.

    python tests/scbsim_testing/golden_runs.py

writes ``tests/golden`` anew: that changes everyone's numbers, and wants a line in the changelog.
"""

from __future__ import annotations

import platform
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import llvmlite.binding as llvm
import numba
import numpy as np

import scbsim

FOLDER = Path(__file__).parents[1] / "golden"
RESULTS = FOLDER / "results.npz"
STOPPED = {
    "dense": 10,
    "ensemble": 10,
    "sparse": 10,
    "collapsed": 10,
    "batch": 5,
}
"""Runs that were stopped, with a checkpoint; and about where."""

TASK = {"N": 7, "T": 2100, "Q": 2, "mu": "dirichlet", "P_concentration": 0.1, "seed": 1}
INIT = {"alpha_A": 0.1, "alpha_V": 0.1}
NOISE = {model: {"model": model} for model in ("isotropic", "none")}
NOISE["matched"] = {"model": "matched", "covariances": False}
L1 = {"threshold_sigmas": 1.5, "normalize_level": 0.05}


def spec_of(engine: str, *stages: dict[str, Any], **tables: dict[str, Any]) -> dict[str, Any]:
    """Return the tables of a run."""
    batch = 1e5 if engine in ("dense", "sparse", "collapsed", "auto") else 20
    return {
        "seed": 5,
        "task": {**TASK, **tables.pop("task", {})},
        "dynamics": {"engine": engine, "batch_size": batch, **tables.pop("dynamics", {})},
        "init": INIT,
        "stage": list(stages),
        **tables,
    }


def runs() -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield a name and a spec for each run."""
    for precision in ("float32", "float64"):
        kept = {"precision": precision}
        for model in ("isotropic", "matched", "none"):
            sigmas = L1 if model != "none" else {"threshold": 1e-4}
            for rule in ("sgd", "prox", "denoise"):
                how = {} if rule == "sgd" else sigmas
                tables = {"dynamics": {**kept, "rule": rule}, "noise": NOISE[model]}
                yield (
                    f"dense, {model}, {rule}, {precision}",
                    spec_of("dense", {"steps": 8, **how}, {"steps": 8, **how}, **tables),
                )
        small = {"N": 5, "T": 300}
        for rule in ("sgd", "vanilla", "prox", "denoise"):
            how = {"threshold": 1e-3} if rule in ("prox", "denoise") else {}
            stages = {"steps": 4, **how}, {"steps": 4, "normalize_level": 0.05, **how}
            tables = {"dynamics": {**kept, "rule": rule}, "task": small}
            yield f"batch, {rule}, {precision}", spec_of("batch", *stages, **tables)
        for rule in ("sgd", "vanilla"):
            tables = {"dynamics": {**kept, "rule": rule}, "task": small}
            yield f"softmax, {rule}, {precision}", spec_of("softmax", {"steps": 8}, **tables)
    for rule in ("prox", "denoise"):
        for model in ("isotropic", "matched"):
            tables = {"dynamics": {"rule": rule}, "noise": NOISE[model]}
            stages = {"steps": 8, **L1}, {"steps": 8, "threshold_sigmas": 2.0}
            yield f"sparse, {model}, {rule}", spec_of("sparse", *stages, **tables)
    tables = {"dynamics": {"rule": "prox", "value": "collapsed"}}
    plain = {"threshold_sigmas": 1.5}
    yield "sparse, V as scalars", spec_of("sparse", {"steps": 16, **plain}, **tables)
    tables = {"dynamics": {"rule": "sgd"}}
    yield "collapsed", spec_of("collapsed", {"steps": 30}, **tables)
    tables = {**tables, "task": {"mu": "uniform"}}
    yield "collapsed, even mu", spec_of("collapsed", {"steps": 30}, **tables)
    yield "population", spec_of("population", {"steps": 30}, **tables, noise={"model": "none"})
    many = {"rule": "prox", "replicas": 3}
    yield "ensemble", spec_of("dense", {"steps": 8, **L1}, {"steps": 8, **L1}, dynamics=many)


def stopped_spec(name: str) -> dict[str, Any]:
    """Return the spec of a run that was stopped."""
    engine = "dense" if name == "ensemble" else name
    rule = "sgd" if name == "collapsed" else "prox"
    how = {"dense": L1, "ensemble": L1, "sparse": L1, "batch": {"threshold": 1e-3}}.get(name, {})
    output: dict[str, Any] = {"every": 2}
    if name != "ensemble":
        output["final_state"] = True
    if name in ("dense", "sparse", "batch"):
        output["snapshot_every"] = 4
    return spec_of(
        engine,
        {"steps": 8, **how},
        {"steps": 12, **{key: how[key] for key in how if key != "normalize_level"}},
        dynamics={"rule": rule, "replicas": 3 if name == "ensemble" else 1},
        output=output,
        task={"N": 4, "T": 60},
    )


def results() -> dict[str, np.ndarray]:
    """Return every observable of every run at every step, and samples of the task."""
    found = {}
    for name, tables in runs():
        run = scbsim.simulate(scbsim.RunSpec.from_dict(tables))
        assert run.attrs["status"] == "complete"
        for variable in run.data_vars:
            values = run[variable].values
            if values.dtype.kind in "fiu":
                found[f"{name}/{variable}"] = values
    for N, T in (7, 2100), (300, 50):
        task = scbsim.Task.random(N=N, T=T, Q=2, seed=1)
        for part, array in scbsim.sample_batch(task, 4)._asdict().items():
            found[f"samples of N = {N}/{part}"] = np.asarray(array)
    return found


def machine() -> str:
    """Return what decides the last bit where a library of the system has a hand in it."""
    features = llvm.get_host_cpu_features()
    wide = [name for name in ("avx2", "fma", "avx512f") if features.get(name)]
    libc = " ".join(platform.libc_ver())
    return f"{platform.machine()} {wide} numba {numba.__version__} numpy {np.__version__} {libc}"


def write() -> None:
    """Run everything and write it down."""
    from replacing import replace

    import scbsim.run.loop

    FOLDER.mkdir(exist_ok=True)
    np.savez_compressed(RESULTS, machine=machine(), **results())
    replace(scbsim.run.loop, _BLOCK_STEPS=5)
    # Nothing of the machine that made them stands in the files but its libraries.
    replace(platform, platform=lambda: "Linux")
    for name, step in STOPPED.items():
        path = FOLDER / f"{name}.h5"
        asked = iter(range(1000))
        scbsim.simulate(
            scbsim.RunSpec.from_dict(stopped_spec(name)),
            output=path,
            overwrite=True,
            stop=lambda asked=asked, step=step: next(asked) * 5 >= step,
        )
        path.with_name(f"{path.name}.lock").unlink(missing_ok=True)


if __name__ == "__main__":
    write()
