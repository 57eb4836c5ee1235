"""What does it cost that noise follows the gradient: in each step, and to renew the levels?

Beside the same step under isotropic noise in the same run. Renewals cost what they do whatever
``noise.every`` is; the share is that of the default. Steps with covariances are beside those
without, updates of the levels included.
"""

import numba
import pytest
from sizes import size

from scbsim import RunSpec, Task
from scbsim.engines.select import build, plan_of
from scbsim.engines.stages import stages_of

N, T = size((500, 100_000), (5, 300))
SINGLE, DOUBLE = "float32", "float64"
LARGE, SMALL = 50_000, 500
"""Samples of a batch, times N: in small batches entries are farther from zero."""
KINDS = size(
    [
        (500, SINGLE, LARGE),
        *((100, real, many) for real in (SINGLE, DOUBLE) for many in (LARGE, SMALL)),
    ],
    [(5, SINGLE, LARGE), (5, SINGLE, SMALL)],
)
SIZES = size([(10, 1_000), (100, 100_000), (500, 100_000)], [(5, 300)])


def engine(name, rule, model, threads, N=N, T=T, precision=SINGLE, samples=LARGE, **noise):
    spec = RunSpec.from_dict(
        {
            "task": {"N": N, "T": T, "Q": 2, "P_concentration": 0.005},
            "dynamics": {
                "engine": name,
                "rule": rule,
                "batch_size": samples * N,
                "value": "matrix",
                "precision": precision,
            },
            "noise": {"model": model, **noise},
            "stage": [{"steps": 1000, "threshold_sigmas": 4.0}],
        }
    )
    task = Task.from_spec(spec.task)
    built = build(plan_of(spec, task), threads)
    return built, stages_of(spec, task)[0], spec.noise.every


@pytest.mark.parametrize(
    ("name", "rule"),
    [("dense", "sgd"), ("dense", "prox"), ("dense", "denoise"), ("sparse", "prox")],
)
@pytest.mark.parametrize(("N", "precision", "samples"), KINDS)
def test_matched_step(N, precision, samples, name, rule, threads, benchmark, best_of, note):
    benchmark.group = f"matched noise, N={N} T={T} B={samples * N} {precision}"
    numba.set_num_threads(threads)
    kind = (threads, N, T, precision, samples)
    matched, stage, every = engine(name, rule, "matched", *kind, covariances=False)
    plain, _, _ = engine(name, rule, "isotropic", *kind)
    matched.advance(stage, 1)
    steps = 4 if name == "dense" else 10

    def take(at, count):
        matched.step = at
        return matched.advance(stage, count)

    # Between two renewals; then with one, which has activations worked out anew, too.
    benchmark.pedantic(take, (1, steps), rounds=9, warmup_rounds=1)
    step = benchmark.stats.stats.min / steps
    isotropic = best_of(lambda: plain.advance(stage, steps), rounds=9) / steps
    renewal = best_of(lambda: take(0, 1), rounds=9) - step
    note(
        ms_a_step=1e3 * step,
        isotropic_ms=1e3 * isotropic,
        times_the_isotropic=step / isotropic,
        ms_a_renewal=1e3 * renewal,
        renewals_share=renewal / every / step,
    )


@pytest.mark.parametrize(
    ("name", "rule"), [("dense", "prox"), ("dense", "sgd"), ("sparse", "prox")]
)
@pytest.mark.parametrize(("N", "T"), SIZES)
def test_covariances(name, rule, N, T, threads, benchmark, best_of, note):
    benchmark.group = f"covariances, N={N} T={T}"
    numba.set_num_threads(threads)
    with_them, stage, _ = engine(name, rule, "matched", threads, N, T, covariances=True)
    without, _, _ = engine(name, rule, "matched", threads, N, T, covariances=False)
    steps = 10 if N * T > 1e6 else 1000
    benchmark.pedantic(with_them.advance, (stage, steps), rounds=9, warmup_rounds=1)
    step = benchmark.stats.stats.min / steps
    plain = best_of(lambda: without.advance(stage, steps), rounds=9) / steps
    note(ms_a_step=1e3 * step, without_ms=1e3 * plain, times_those_without=step / plain)
