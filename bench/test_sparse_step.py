"""What does a step cost that keeps no entry at zero, or no entry at all, and does T count?

Against the dense engine, which has the same law, at its best: all threads, float32. Then each
against itself at another T, which should make no difference.
"""

import numba
import pytest
from scipy.special import ndtr, ndtri
from sizes import size

from scbsim import RunSpec, Task
from scbsim.engines.select import build, plan_of
from scbsim.engines.stages import stages_of

SIZE = size(500, 10)
SHORT, LONG = size((100_000, 10**9), (10_000, 10**6))


def engine(name, rule, T, sigmas=None, N=SIZE, threads=1):
    """An engine and its stage; the dense one with V as a matrix, as it comes."""
    spec = RunSpec.from_dict(
        {
            "task": {"N": N, "T": T, "Q": 2, "K_P": 0.25},
            "dynamics": {"engine": name, "rule": rule, "batch_size": 5e4 * N},
            # Under SGD all entries have noise; at any T as much of it.
            "noise": {"sigma_A": (100 / T) ** 0.5 if rule == "sgd" else 1.0},
            "stage": [{"steps": 1000} | ({"threshold_sigmas": sigmas} if sigmas else {})],
        }
    )
    if name == "dense":
        task = Task.random(N, T, 2, P_concentration=0.005)
    else:
        task = Task.from_spec(spec.task)
    return build(plan_of(spec, task), threads), stages_of(spec, task)[0]


def as_rare(sigmas, T, at):
    """The threshold at which a column of length ``T`` has as many activations as one of ``at``."""
    return -float(ndtri(ndtr(-sigmas) * at / T))


@pytest.mark.parametrize("sigmas", [4.0, 5.0])
def test_sparse_step(sigmas, benchmark, best_of, note):
    benchmark.group = f"sparse step, N={SIZE} T={SHORT}"
    sparse, stage = engine("sparse", "prox", SHORT, sigmas)
    benchmark.pedantic(sparse.advance, (stage, 50), rounds=25, warmup_rounds=1)
    ours = benchmark.stats.stats.min / 50
    threads = numba.config.NUMBA_NUM_THREADS
    dense, stage = engine("dense", "prox", SHORT, sigmas, threads=threads)
    numba.set_num_threads(threads)
    theirs = best_of(lambda: dense.advance(stage, 4), 9) / 4
    note(us_a_step=1e6 * ours, dense_us=1e6 * theirs, times_faster_than_dense=theirs / ours)


@pytest.mark.parametrize("sigmas", [4.0, 5.0])
def test_sparse_step_at_any_T(sigmas, benchmark, best_of, note):
    benchmark.group = "sparse step, two lengths"
    engines = [
        engine("sparse", "prox", SHORT, sigmas),
        engine("sparse", "prox", LONG, as_rare(sigmas, LONG, SHORT)),
    ]
    short, long = (
        best_of(lambda e=e, stage=stage: e.advance(stage, 50), 25) / 50 for e, stage in engines
    )
    benchmark.pedantic(engines[1][0].advance, (engines[1][1], 50), rounds=5)
    note(us_a_step=1e6 * long, short_us=1e6 * short, times_the_short=long / short)


def test_collapsed_step_at_any_T(benchmark, best_of, note):
    benchmark.group = "collapsed step, two lengths"
    engines = [engine("collapsed", "sgd", T) for T in (100, 10**12)]
    short, long = (
        best_of(lambda e=e, stage=stage: e.advance(stage, 5000)) / 5000 for e, stage in engines
    )
    assert all(e.advance(stage, 1).end == "steps" for e, stage in engines)
    benchmark.pedantic(engines[1][0].advance, (engines[1][1], 5000), rounds=5)
    note(us_a_step=1e6 * long, short_us=1e6 * short, times_the_short=long / short)
