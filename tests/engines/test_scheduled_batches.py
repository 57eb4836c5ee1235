"""Batches of scheduled sizes: which samples a step takes, and the variance of its noise."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scbsim_testing.real_batches import Learner, a_stage, a_task, engine, observables
from scbsim_testing.scheduled import REAL, RUNS, spec_of
from scbsim_testing.small_runs import rows

from scbsim import load, sample_batch, simulate
from scbsim.engines.batch import BatchEngine
from scbsim.engines.noise import MatchedNoise, NoiseLevels, SampledNoise
from scbsim.engines.schedules import Quantity, StepSchedule
from scbsim.engines.select import ENGINES
from scbsim.errors import RunFailed
from scbsim.run.start import stream_of
from scbsim.sampling.sampler import Sampler

pytestmark = pytest.mark.filterwarnings("ignore::scbsim.errors.TaskWarning")

JOINT = MatchedNoise(640, 1, covariances=True)
SIZES = "max(3, 40 - 7*t + floor(10*sin(t)))"


def sized(stage, text, base, rate="0.02/(1 + t)", steps=12):
    of = (Quantity.of(each, steps) for each in (rate, 0.03, 1.0, text))
    return replace(stage, steps=steps, schedule=StepSchedule(steps, *of, base, False))


def large_enough(task, kind="batch", **start):
    made = engine(task, 20, kind, **start)
    start = {"alpha_A": 0.3, "alpha_V": 0.4, **start}
    options = {"batch_size": 20, "largest_batch": 60, "seed": 5, "first_step": 2}
    return type(made)(task, NoiseLevels.none(task), dtype=np.dtype("float64"), **options, **start)


@pytest.mark.parametrize("rule", ["prox", "vanilla"])
def test_each_step_takes_the_samples_after_those_of_the_last(rule):
    task = a_task(4, 30)
    made = large_enough(task, alpha_A=0.5, alpha_V=0.7)
    right, sampler = Learner(made), Sampler(task, seed=5)
    stage = sized(a_stage(task, rule, threshold=0.02), SIZES, 20)
    found = np.concatenate([made.advance(stage, 5).rows, made.advance(stage, 4, 5).rows])
    t, first = np.arange(9), 2 * 20
    sizes = np.maximum(3, 40 - 7 * t + np.floor(10 * np.sin(t))).astype(int)
    assert len(set(sizes.tolist())) > 5
    for i in t:
        batch = sampler.draw(first, int(sizes[i]))
        gradients = made.gradients(first, int(sizes[i])) if i == 8 else None
        assert gradients is None or gradients[0].shape == (30, 4)
        right.step(batch, rule, 0.02 / (1 + i), 0.03, 0.02)
        assert found[i] == pytest.approx(observables(task, right.A, right.V), rel=1e-9, abs=1e-12)
        first += int(sizes[i])
    assert made.next_sample == first
    assert made.state()["samples"].tolist() == [first]


def test_a_gradient_of_some_samples_is_that_of_the_batch_they_are():
    task = a_task(4, 30)
    made = large_enough(task)
    for one, other in zip(made.gradients(60, 20), made.gradients(3), strict=True):
        np.testing.assert_array_equal(one, other)
    assert sample_batch(task, 20, seed=5, number=3).query.tolist() == (
        Sampler(task, seed=5).draw(60, 20).query.tolist()
    )


def test_a_batch_larger_than_was_found_is_refused():
    task = a_task(4, 30)
    with pytest.raises(RunFailed, match=r"stage\.0\.batch_size: 62 samples in a step, more than"):
        large_enough(task).advance(sized(a_stage(task), "60 + t", 20), 3)


@pytest.mark.slow
def test_a_run_that_goes_on_from_another_takes_the_samples_after_its_own(tmp_path):
    spec = spec_of(RUNS["batch, prox"]).replace(**{"output.final_state": True})
    simulate(spec, output=tmp_path / "one.h5")
    total = int(np.rint(spec.stage[0].values("batch_size")).sum())
    after = spec.replace(**{"init.from": str(tmp_path / "one.h5")})
    simulate(after, output=tmp_path / "two.h5")
    assert stream_of(after).sample == total
    fresh = simulate(spec)
    assert np.abs(rows(load(tmp_path / "two.h5")) - rows(fresh)).max() > 1e-6


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["dense", "columns", "sampled", "dense, sampled"])
def test_the_noise_of_a_scheduled_batch_is_that_of_real_batches(kind):
    """Of one step after which only the noise is random: the variances of s and of W."""
    task, runs, steps = a_task(4, 200, P_concentration=0.2), 600, 3
    text = "40*4**t/16"  # 40 samples in the third step
    stage = sized(a_stage(task), text, 640, rate="0.02*max(0, t - 1)", steps=steps)
    of = replace(stage.schedule, rate_V=Quantity.of("0.03*max(0, t - 1)", steps))
    stage = replace(stage, schedule=of)
    variances = []
    for name in ("batch", kind):
        found = []
        for replica in range(runs):
            options = {"alpha_A": 0.3, "alpha_V": 0.4, "seed": 3, "replica": replica}
            if name == "batch":
                options |= {"batch_size": 640, "largest_batch": 640}
                made = BatchEngine(
                    task, NoiseLevels.none(task), dtype=np.dtype("float64"), **options
                )
            else:
                engine, sampled = name.removesuffix(", sampled"), name.endswith("sampled")
                noise = SampledNoise(640) if sampled else JOINT
                made = ENGINES_OF[engine](task, noise, **options)
            made.advance(stage, steps)
            # The intercept is stored in one way or the other.
            mean = made.A.off_sums[:, 0] / (task.T - task.Q)
            found.append([*(made.A.support - mean[:, None]).ravel(), *made.V.W.ravel()])
        squares = np.var(found, axis=0)
        variances.append((squares[:8], squares[8:].sum()))
    (of_s, of_W), (of_s_here, of_W_here) = variances
    # A variance of 600 has a standard error of 0.06 of it, and more with the tails of few samples.
    np.testing.assert_allclose(of_s_here, of_s, rtol=0.6)
    assert of_W_here == pytest.approx(of_W, rel=0.3)


def _engine(name):
    from importlib import import_module

    module, _, found = ENGINES[name].where.partition(":")
    return getattr(import_module(module), found)


ENGINES_OF = {name: _engine(name) for name in ("dense", "columns", "sampled")}
assert REAL["batch_size"] == SIZES
