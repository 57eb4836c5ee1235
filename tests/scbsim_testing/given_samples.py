"""Small runs on samples from elsewhere."""

from __future__ import annotations

import numpy as np

from scbsim import RunSpec, Task, sample_batch
from scbsim.observables import NAMES

SIZE = 40


def spec_of(kind="batch", *overrides, size=SIZE, steps=6, task=None, **stage):
    """The spec of a run that draws its samples, with the seed of `drawn`."""
    tables = {
        "seed": 3,
        "task": {"N": 7, "T": 30, "Q": 2} if task is None else task,
        "dynamics": {"engine": kind, "batch_size": size, "rule": "sgd"},
        "stage": [{"steps": steps, **stage}],
        "output": {"final_state": True},
    }
    return RunSpec.from_dict(tables, overrides=overrides)


def drawn(spec, number):
    """The batch that a run draws in its step of that number."""
    return sample_batch(Task.from_spec(spec.task), spec.dynamics.batch_size, spec.seed, number)


def together(spec, batches):
    """Tokens, queries and outputs of the first batches that a run draws."""
    found = [drawn(spec, i)[:3] for i in range(batches)]
    return tuple(np.concatenate(arrays) for arrays in zip(*found, strict=True))


def assert_same_run(run, other):
    """The same bits in all observables that both have, and in the last states."""
    for name in ("step", "stage", *NAMES, *(f"normalized_{name}" for name in NAMES)):
        np.testing.assert_array_equal(run[name].values, other[name].values)
    if "last_state" in run.encoding:
        states = [each.encoding["last_state"].state for each in (run, other)]
        for name, array in states[0].items():
            assert array.tobytes() == states[1][name].tobytes()


def in_truth_unknown(spec):
    """The same spec with no signals at the start."""
    return spec.replace(**{"init.alpha_A": 0.0, "init.alpha_V": 0.0})
