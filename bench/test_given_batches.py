"""What does a step on given samples take, beside one that draws the same samples?

From arrays in memory of one byte and of eight bytes a token, and from a file, which the system has
in its cache. Steps alternate, so that both sides see the same machine.
"""

from time import perf_counter

import numpy as np
import pytest
from sizes import size

from scbsim import Task, sample_batch, save_samples
from scbsim.engines.batch import BatchEngine
from scbsim.engines.noise import NoiseLevels
from scbsim.engines.stages import Stage
from scbsim.sampling.batches import HandedBatches
from scbsim.sampling.samples_file import opened_batches

SIZES = size([(3, 5000, 64), (10, 50, 1024), (40, 16, 500), (100, 2000, 512)], [(3, 50, 6)])
ROUNDS = size(30, 2)


def seconds(engine, stage, steps):
    """The time of a step."""
    began = perf_counter()
    engine.advance(stage, steps)
    return (perf_counter() - began) / steps


@pytest.mark.filterwarnings("ignore::scbsim.errors.TaskWarning")
@pytest.mark.parametrize(("N", "T", "B"), SIZES)
def test_given_batches(N, T, B, threads, benchmark, note, tmp_path):
    task = Task.random(N, T, 2, mu="dirichlet", P_concentration=0.002)
    stage, steps = Stage(0, "sgd", 10**9, 1e-6, 1e-6, np.zeros(N), np.inf, None), 4
    batches = [sample_batch(task, B, number=i) for i in range(steps)]
    whole = [np.concatenate(arrays) for arrays in zip(*batches, strict=True)]
    save_samples(tmp_path / "samples.h5", whole, task=task)
    wide = [tuple(array.astype(np.int64) for array in batch[:3]) for batch in batches]
    options = {"batch_size": B, "alpha_A": 0.1, "alpha_V": 0.1, "threads": threads}
    with opened_batches(tmp_path / "samples.h5", T, B, 0) as file:
        sources = {
            "array": HandedBatches(lambda i: batches[i % steps], T, B),
            "int64": HandedBatches(lambda i: wide[i % steps], T, B),
            "file": file,
        }
        engines = {"drawn": BatchEngine(task, NoiseLevels.none(task), **options)}
        for name, source in sources.items():
            engines[name] = BatchEngine(task, NoiseLevels.none(task), handed=True, **options)
            engines[name].learn_from(source)
        for engine in engines.values():
            engine.advance(stage, 1)
        found = {name: [] for name in engines}
        for _ in range(ROUNDS):
            for name, engine in engines.items():
                found[name].append(seconds(engine, stage, steps))
        benchmark.pedantic(engines["array"].advance, (stage, steps), rounds=3)
    best = {name: min(times) for name, times in found.items()}
    note(
        drawn_ms=1e3 * best["drawn"],
        **{f"{name}_times": best[name] / best["drawn"] for name in sources},
    )
