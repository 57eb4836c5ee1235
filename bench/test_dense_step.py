"""What does a dense step cost, for each entry of A, beside NumPy at its best?

The peer does the same work in the same run: in-place operations on pieces that stay in the cache,
the fastest generator that NumPy has, a thread for each part of the rows. The floor is what memory
allows: every entry read and written once.
"""

import numpy as np
import pytest

from scbsim import RunSpec, Task
from scbsim.engines.dense import DenseEngine
from scbsim.noise import NoiseLevels
from scbsim.stages import stages_of

N, T = 300, 100_000
STEPS = 2
PIECE = 16_384
SIZE = f"N={N} T={T}"


class Peer:
    """The state off the support and its step in NumPy."""

    def __init__(self, rule, dtype, threads, shared_out):
        self.rule, self.shared_out = rule, shared_out
        self.s = np.zeros((N, T), dtype)
        self.z = [np.zeros(PIECE, dtype) for _ in range(threads)]
        self.random = [np.random.Generator(np.random.SFC64(i)) for i in range(threads)]
        self.sums = np.zeros((N, 2))

    def step(self):
        self.shared_out(self.rows, N)

    def rows(self, thread, first, last):
        real = self.s.dtype.type
        keep, amplitude, level = real(0.9999), real(1e-3), real(4e-3)
        for k in range(first, last):
            total, squares = 0.0, 0.0
            for start in range(0, T, PIECE):
                s = self.s[k, start : start + PIECE]
                z = self.z[thread][: s.size]
                self.random[thread].standard_normal(out=z, dtype=s.dtype)
                z *= amplitude
                if self.rule == "denoise":
                    z += s * (real(1) - keep)
                    z -= np.clip(z, -level, level)
                    s -= z
                else:
                    s *= keep
                    s -= z
                    if self.rule == "prox":
                        s -= np.clip(s, -level, level, out=z)
                total += s.sum()
                squares += s @ s
            self.sums[k] = total, squares


def engine(rule, precision, threads):
    """The dense engine and a stage much like those of Figure 5."""
    spec = RunSpec.from_dict(
        {
            "task": {"N": N, "T": T, "Q": 2},
            "dynamics": {"rule": rule, "precision": precision, "batch_size": 5e6},
            "init": {"alpha_A": 0.1, "alpha_V": 0.1},
            "stage": [{"steps": 1000, "threshold_sigmas": 4.0} if rule != "sgd" else {"steps": 9}],
        }
    )
    task = Task.from_spec(spec.task)
    dense = DenseEngine(
        task,
        NoiseLevels.from_spec(spec, task),
        alpha_A=0.1,
        alpha_V=0.1,
        dtype=np.dtype(precision),
        threads=threads,
    )
    return dense, stages_of(spec, task)[0]


@pytest.mark.parametrize("rule", ["sgd", "prox", "denoise"])
@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_dense_step(rule, precision, threads, shared_out, benchmark, best_of, note):
    benchmark.group = f"dense step, {SIZE}"
    dense, stage = engine(rule, precision, threads)
    benchmark.pedantic(dense.advance, (stage, STEPS), rounds=7, warmup_rounds=1)
    peer = Peer(rule, precision, threads, shared_out)
    array = peer.s

    def touch(thread, first, last):
        array[first:last] *= array.dtype.type(1.0)

    entry = 1e-9 * N * T
    ours = benchmark.stats.stats.min / STEPS / entry
    numpy = best_of(peer.step, rounds=3) / entry
    floor = best_of(lambda: shared_out(touch, N), rounds=9) / entry
    note(
        ns_an_entry=ours,
        numpy_ns=numpy,
        memory_ns=floor,
        times_faster_than_numpy=numpy / ours,
        times_memory=ours / floor,
    )
