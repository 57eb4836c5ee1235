"""What does a sample of the sampled engine cost, beside a sample of a real batch, and NumPy?

The NumPy peer draws the same variates and makes the same sums, all samples at once by matrix
products. The engine's time has the step, the projection and the observables besides.
"""

import numba
import numpy as np
import pytest
from sizes import size

from scbsim import Task
from scbsim.engines.batch import BatchEngine
from scbsim.engines.dense import DenseEngine
from scbsim.engines.noise import NoiseLevels, SampledNoise
from scbsim.engines.sampled import SampledEngine
from scbsim.engines.stages import Stage

SIZES = size([(10, 100_000, 20_000), (100, 100_000, 2_000)], [(4, 60, 300)])
WITH_ENTRIES = size(
    [(10, 1_000, 256), (10, 5_000, 64), (10, 100_000, 64), (100, 20_000, 512)], [(4, 60, 30)]
)
START = {"alpha_A": 0.1, "alpha_V": 0.1, "seed": 1}


class InNumpy:
    """The sums over a batch, by matrix products over all its samples."""

    def __init__(self, task, engine, batch):
        self.rng, self.batch = np.random.default_rng(1), batch
        self.mu, self.root = task.mu, np.sqrt(task.mu)
        self.tokens = np.cumsum(task.mu)
        self.sources = np.cumsum(task.q_weights, axis=1)
        self.outputs = np.cumsum(task.P, axis=0).T
        self.a = engine.A.support + ((1 - engine.A.support.sum(axis=1)) / task.T)[:, None]
        self.size = np.full(task.N, 0.1)
        self.W = engine.V.W

    def step(self):
        (N, Q), B, rng = self.a.shape, self.batch, self.rng
        k, x = np.minimum(np.searchsorted(self.tokens, rng.random((2, B, Q))), N - 1)
        k = k[:, 0]
        j = (self.sources[k] < rng.random((B, 1))).sum(axis=1).clip(max=Q - 1)
        source = x[np.arange(B), j]
        output = (self.outputs[source] < rng.random((B, 1))).sum(axis=1).clip(max=N - 1)
        z = rng.standard_normal((B, N))
        u = self.size[k][:, None] * z
        for i in range(Q):
            u[np.arange(B), x[:, i]] += self.a[k, i] / self.root[x[:, i]]
        u -= np.outer(u @ self.root, self.root)
        r = u @ self.W.T + self.mu
        r[np.arange(B), output] -= 1.0
        w = r @ self.W
        g = np.take_along_axis(w, x, axis=1) / self.root[x]
        along, square = (w * z).sum(axis=1), (w * w).sum(axis=1)
        sums = [np.bincount(k, each, N) for each in (along, square, *g.T)]
        return r.T @ u, sums


@pytest.mark.filterwarnings("ignore::scbsim.errors.TaskWarning")
@pytest.mark.parametrize(("N", "T", "B"), SIZES)
def test_sampled_step(N, T, B, threads, benchmark, best_of, note):
    benchmark.group = f"sampled noise, N={N} T={T} B={B}"
    numba.set_num_threads(threads)
    task = Task.random(N, T, 2, P_concentration=0.05)
    engine = SampledEngine(task, SampledNoise(B), threads=threads, **START)
    few = max(1, B // 50)
    real = BatchEngine(
        task, NoiseLevels.none(task), batch_size=few, threads=threads, dtype=np.float32, **START
    )
    stage = Stage(0, "sgd", 10**9, 1e-6, 1e-6, np.zeros(N), np.inf, None)
    benchmark.pedantic(engine.advance, (stage, 1), rounds=9, warmup_rounds=1)
    ours = benchmark.stats.stats.min / B
    batch = best_of(lambda: real.advance(stage, 1)) / few
    numpy = best_of(InNumpy(task, engine, B).step) / B
    note(us_a_sample=1e6 * ours, times_batch=batch / ours, times_numpy=numpy / ours)


@pytest.mark.filterwarnings("ignore::scbsim.errors.TaskWarning")
@pytest.mark.parametrize(("N", "T", "B"), WITH_ENTRIES)
def test_sampled_step_with_every_entry(N, T, B, threads, benchmark, best_of, note):
    """Under an l1 rule, beside the step on real batches that it stands for."""
    benchmark.group = f"sampled noise with every entry, N={N} T={T} B={B}"
    numba.set_num_threads(threads)
    task = Task.random(N, T, 2, P_concentration=0.05)
    options = {"threads": threads, "dtype": np.float32, **START}
    ours = DenseEngine(task, SampledNoise(B), **options)
    real = BatchEngine(task, NoiseLevels.none(task), batch_size=B, **options)
    constant = DenseEngine(task, NoiseLevels(np.full(N, 0.1), 0.1), **options)
    stage = Stage(0, "prox", 10**9, 1e-6, 1e-6, np.full(N, 0.05), np.inf, None)
    benchmark.pedantic(ours.advance, (stage, 1), rounds=9, warmup_rounds=1)
    seconds = benchmark.stats.stats.min
    times = {
        name: best_of(lambda engine=engine: engine.advance(stage, 1)) / seconds
        for name, engine in (("times_batch", real), ("times_constant_levels", constant))
    }
    note(us_a_step=1e6 * seconds, **times)
