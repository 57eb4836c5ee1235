"""What does a dense step cost, for each entry of A, beside the best that others could write?

Peers (`scbsim/benchmark/peers`) do the same work in the same run, in turn with the engine. One
floor is what memory allows: every entry read and written once. Another is what arithmetic allows:
the same words, normals and sums in a plain loop in C (`dense_step_float32.c` there, and one for
float64), where a compiler is there.
PyTorch, JAX and mkl_random are timed where they are installed (the extra `peers`).
"""

import numpy as np
import pytest
from sizes import size

from scbsim import RunSpec, Task
from scbsim.benchmark.dense_peers import dense_peers
from scbsim.benchmark.peers import in_c
from scbsim.engines.dense import DenseEngine
from scbsim.engines.noise import NoiseLevels
from scbsim.engines.stages import stages_of

STEPS = 4
SIZES = size([(100, 100_000), (500, 100_000)], [(5, 300)])


def engine(rule, precision, threads, N, T):
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


def touching(array, shared_out):
    """Return what reads and writes every entry once."""

    def touch(_thread, first, last):
        array[first:last] *= array.dtype.type(1.0)

    return lambda: shared_out(touch, len(array))


@pytest.mark.parametrize("rule", ["sgd", "prox", "denoise"])
@pytest.mark.parametrize("precision", ["float32", "float64"])
@pytest.mark.parametrize(("N", "T"), SIZES)
def test_dense_step(N, T, rule, precision, threads, shared_out, benchmark, best_of, note):
    benchmark.group = f"dense step, N={N} T={T}"
    dense, stage = engine(rule, precision, threads, N, T)
    benchmark.pedantic(dense.advance, (stage, STEPS), rounds=9, warmup_rounds=1)
    entry = 1e-9 * N * T
    ours = benchmark.stats.stats.min / STEPS / entry
    floor = best_of(touching(dense.A.bulk, shared_out), rounds=9) / entry
    bound = {}
    if T >= in_c.BLOCK and in_c.compiled(precision) is not None:
        loop = in_c.Loop(rule, (N, T), precision, shared_out)
        bound["c_loop_ns"] = (
            1e9 * best_of(lambda: loop.step(STEPS), rounds=9) / STEPS / loop.entries
        )
        bound["times_c_loop"] = ours / bound["c_loop_ns"]
    peers = {
        f"{name}_ns": best_of(step, rounds=3) / entry / steps
        for name, step, steps in dense_peers(rule, (N, T), precision, threads, shared_out)
    }
    note(
        ns_an_entry=ours,
        **peers,
        memory_ns=floor,
        times_faster_than_the_fastest=min(peers.values()) / ours,
        times_memory=ours / floor,
        **bound,
    )
