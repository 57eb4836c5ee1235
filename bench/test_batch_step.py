"""What does a step on a real batch cost, for each token, beside the best that others could write?

All of a step is timed: sampling, forward pass, gradients, update, and ours the observables besides.
Peers (`scbsim/benchmark/peers`) do the same work in the same run. PyTorch is timed where it is
installed (the extra `peers`).
"""

from importlib import import_module
from importlib.util import find_spec

import numpy as np
import pytest
from sizes import size

from scbsim import Task
from scbsim.benchmark.dense_peers import batch_peers
from scbsim.engines.batch import BatchEngine
from scbsim.engines.noise import NoiseLevels
from scbsim.engines.softmax import SoftmaxEngine
from scbsim.engines.stages import Stage

ENGINES = {"batch": BatchEngine, "softmax": SoftmaxEngine}
SIZES = size([(3, 5000, 64), (10, 50, 1024), (100, 2000, 512)], [(3, 50, 6), (20, 40, 16)])
TOKENS = size(10_000_000, 1_000)


def peers(mu, T, B, threads, dtype):
    """Yield the name of each peer and what takes a step; more of PyTorch than by hand."""
    yield from batch_peers(mu, T, B, threads, dtype)
    if find_spec("torch"):
        torch = import_module("scbsim.benchmark.peers.batch_in_torch")
        yield "torch_autograd", torch.ByAutograd(mu, T, B, threads, dtype).step
        yield "torch_as_written", torch.AsWritten(mu, T, B, threads, dtype).step


@pytest.mark.filterwarnings("ignore::scbsim.errors.TaskWarning")
@pytest.mark.parametrize("kind", ENGINES)
@pytest.mark.parametrize("precision", ["float32", "float64"])
@pytest.mark.parametrize(("N", "T", "B"), SIZES)
def test_batch_step(N, T, B, precision, kind, threads, benchmark, best_of, note):
    benchmark.group = f"real batches, N={N} T={T} B={B}"
    task, dtype = Task.random(N, T, 2, mu="dirichlet", P_concentration=0.002), np.dtype(precision)
    engine = ENGINES[kind](
        task,
        NoiseLevels.none(task),
        batch_size=B,
        alpha_A=0.1,
        alpha_V=0.1,
        dtype=dtype,
        threads=threads,
    )
    stage = Stage(0, "sgd", 10**9, 1e-6, 1e-6, np.zeros(N), np.inf, None)
    steps = max(1, TOKENS // (B * T))
    benchmark.pedantic(engine.advance, (stage, steps), rounds=9, warmup_rounds=1)
    token = 1e-9 * B * T
    ours = benchmark.stats.stats.min / steps / token
    found = {name: best_of(step) / token for name, step in peers(task.mu, T, B, threads, precision)}
    note(
        ns_a_token=ours,
        **{f"{name}_ns": ns for name, ns in found.items()},
        **{f"{name}_times": ns / ours for name, ns in found.items()},
    )
