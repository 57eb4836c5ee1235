"""Compiling ahead of runs."""

from __future__ import annotations

import warnings

import pytest

from scbsim.warmup import warmup


@pytest.mark.parametrize("precisions", [("float32", "float64"), ("float64",), ()])
def test_each_precision_is_reported_as_it_is_done(precisions):
    told = []
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        seconds = warmup(precisions, lambda name, took: told.append((name, took)))
    assert [name for name, _ in told] == list(precisions)
    assert seconds == dict(told)
    assert all(took > 0.0 for took in seconds.values())


def test_a_run_afterwards_compiles_nothing():
    from small_runs import run_spec

    from scbsim import simulate
    from scbsim.kernels import coupling, gaussian, normalize

    def compiled():
        kernels = (gaussian.advance, coupling.observe, normalize.normalize_columns)
        return [len(kernel.signatures) for kernel in kernels]

    warmup()
    there = compiled()
    stages = [{"steps": 3, "rule": "sgd", "normalize_level": 0.1}, {"steps": 3, "rule": "denoise"}]
    for precision in ("float32", "float64"):
        for engine in ("dense", "population"):
            words = (f"dynamics.precision={precision}", f"dynamics.engine={engine}")
            simulate(run_spec(*words, stages=stages))
    assert compiled() == there
