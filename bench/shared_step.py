"""What a step costs over ranks: mpiexec -n 2 python bench/shared_step.py N,T,STEPS ...

One thread a rank. Rank 0 prints a line for each size: the step, and of it the exchange; on one rank
the step without MPI, too. With a T of a few, what is left of a step is V, which every rank does in
full, and the way through Python.
"""

from __future__ import annotations

import sys
from time import perf_counter

import numba
import numpy as np
from mpi4py import MPI

from scbsim.engines.dense import DenseEngine
from scbsim.engines.noise import NoiseLevels
from scbsim.engines.stages import stages_of
from scbsim.mpi.engine import SharedEngine
from scbsim.mpi.world import World
from scbsim.spec import RunSpec
from scbsim.task import Task

ROUNDS = 7


def best(work, steps):
    """Milliseconds a step, at best of some rounds."""
    work()
    times = []
    for _ in range(ROUNDS):
        began = perf_counter()
        work()
        times.append((perf_counter() - began) / steps * 1e3)
    return min(times), float(np.median(times))


def measure(world, N, T, steps, precision="float32"):
    """Return milliseconds a step, and of the exchange: the least and the median."""
    stage = {"steps": 10**6, "threshold_sigmas": 4.0}
    tables = {"task": {"N": N, "T": T, "Q": 2}, "dynamics": {"batch_size": 5e4 * N}}
    spec = RunSpec.from_dict({**tables, "stage": [stage]})
    task = Task.from_spec(spec.task)
    (stage,) = stages_of(spec, task)
    levels = NoiseLevels.from_spec(spec, task)
    options = {"alpha_A": 0.1, "alpha_V": 0.1, "dtype": precision}
    found = {}
    if world.size == 1:
        alone = DenseEngine(task, levels, **options)
        found["without MPI"] = best(lambda: alone.advance(stage, steps), steps)
        del alone
    engine = SharedEngine(world, task, levels, **options)
    found["shared"] = best(lambda: engine.advance(stage, steps), steps)
    counts = 1 + engine._counts
    found["exchange"] = best(lambda: world.exchange(engine._message, counts), 1)
    return found


if __name__ == "__main__":
    numba.set_num_threads(1)
    world = World(MPI.COMM_WORLD)
    sizes = [tuple(map(int, word.split(","))) for word in sys.argv[1:]] or [(500, 100_000, 20)]
    for N, T, steps in sizes:
        found = measure(world, N, T, steps)
        if world.is_root:
            words = "  ".join(f"{k} {b:.4f} (median {m:.4f})" for k, (b, m) in found.items())
            print(f"{world.size} ranks, N = {N}, T = {T}: ms a step: {words}", flush=True)
