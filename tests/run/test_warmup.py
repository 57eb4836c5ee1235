"""Compiling ahead of runs."""

from __future__ import annotations

import os
import subprocess
import sys
import warnings

import pytest

from scbsim.run.warmup import RUNS, warmup


@pytest.mark.parametrize(
    "names", [pytest.param(tuple(RUNS), marks=pytest.mark.slow), ("sparse",), ()], ids=len
)
def test_each_kind_is_reported_as_it_is_done(names):
    told = []
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        seconds = warmup(names, lambda name, kernels, took: told.append((name, took)))
    assert [name for name, _ in told] == list(names)
    assert seconds == dict(told)
    assert all(took > 0.0 for took in seconds.values())


COLD = """
from scbsim.run.warmup import warmup

def tell(name, what, needed):
    if not what.functions:
        print("now", what.kernel, needed.index(what.kernel) + 1, len(needed))

for _ in range(2):
    warmup(["collapsed"], lambda name, kernels, took: print(name, *kernels), tell)
"""


@pytest.mark.slow
def test_what_is_compiled_is_named_once(tmp_path):
    """In a cache of its own: the first time both kernels, and the second none."""
    environment = {**os.environ, "SCBSIM_CACHE_DIR": str(tmp_path)}
    line = [sys.executable, "-c", COLD]
    done = subprocess.run(line, env=environment, capture_output=True, text=True, check=True)
    *told, first, second = done.stdout.splitlines()
    assert (first.split()[0], second) == ("collapsed", "collapsed")
    kernels = first.split()[1:]
    assert {"observe_collapsed", "advance_collapsed", "sum_draw"} <= set(kernels)
    assert [line.split()[1] for line in told] == kernels
    # Some are told by their place among all that the run needs.
    assert all(line.split()[2] <= line.split()[3] for line in told)


@pytest.mark.slow
def test_a_run_afterwards_compiles_nothing():
    from scbsim_testing.small_runs import run_spec

    from scbsim import simulate
    from scbsim.kernels.batch import advance as batch
    from scbsim.kernels.gaussian import collapsed, dense_matched, normalize, sparse
    from scbsim.kernels.gaussian import dense as gaussian
    from scbsim.kernels.gaussian import observe as coupling
    from scbsim.kernels.matched import covariances, levels, moments
    from scbsim.kernels.matched import power_sums as powers
    from scbsim.kernels.sampled import dense as dense_sampled

    def compiled():
        kernels = (
            batch.advance_batch,
            batch.prepare,
            gaussian.advance,
            dense_matched.advance_matched,
            dense_sampled.advance_dense_sampled,
            coupling.observe,
            normalize.normalize_columns,
            sparse.advance_sparse,
            collapsed.advance_collapsed,
            collapsed.observe_collapsed,
            moments.moments,
            levels.set_levels,
            covariances.set_covariances,
            powers.powers_of_bulk,
            powers.powers_of_active_set,
        )
        return [len(kernel.signatures) for kernel in kernels]

    warmup()
    there = compiled()
    stages = [{"steps": 3, "rule": "sgd", "normalize_level": 0.1}, {"steps": 3, "rule": "denoise"}]
    matched = [("noise.model=matched", f"noise.covariances={word}") for word in ("true", "false")]
    for precision in ("float32", "float64"):
        for engine, value in (("dense", "matrix"), ("dense", "collapsed"), ("population", "auto")):
            words = (f"precision={precision}", f"engine={engine}", f"value={value}")
            simulate(run_spec(*(f"dynamics.{word}" for word in words), stages=stages))
        for noise in (*matched, ("noise.model=sampled", "dynamics.batch_size=9")):
            simulate(run_spec(f"dynamics.precision={precision}", *noise, stages=stages))
    for value in ("matrix", "collapsed"):
        simulate(run_spec("dynamics.engine=sparse", f"dynamics.value={value}", stages=stages[1:]))
    for noise in matched:
        simulate(run_spec("dynamics.engine=sparse", *noise, stages=stages[1:]))
    for precision in ("float32", "float64"):
        for engine in ("batch", "softmax"):
            words = (f"precision={precision}", f"engine={engine}", "rule=sgd", "batch_size=9")
            simulate(run_spec(*(f"dynamics.{word}" for word in words)))
    simulate(run_spec("dynamics.engine=collapsed", "dynamics.rule=sgd"))
    assert compiled() == there
