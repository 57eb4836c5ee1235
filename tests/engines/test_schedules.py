"""Schedules in every engine: the numbers of each step, whatever the blocks and the stops."""

from __future__ import annotations

import numpy as np
import pytest
from scbsim_testing.scheduled import (
    BASE,
    QUICK,
    RUNS,
    SCHEDULE,
    SPARSE_THRESHOLDS,
    STEPS,
    draws_samples,
    spec_of,
    step_by_step,
    tables_of,
)
from scbsim_testing.small_runs import assert_same, rows

from scbsim import RunSpec, Task, simulate
from scbsim.engines.dense import DenseEngine
from scbsim.engines.noise import NoiseLevels
from scbsim.engines.schedules import Quantity, StepSchedule
from scbsim.engines.select import plan_of
from scbsim.engines.stages import stages_of
from scbsim.errors import RunFailed
from scbsim.kernels.gaussian.schedule import BATCH, NOISE, RATE_A, RATE_V, RATIO, THRESHOLD
from scbsim.spec.schedule import CHUNK

pytestmark = pytest.mark.filterwarnings("ignore::scbsim.errors.TaskWarning")

ALL = RUNS | SPARSE_THRESHOLDS


def each(names, quick=QUICK):
    """Compiling the kernels of all engines takes long."""
    return [name if name in quick else pytest.param(name, marks=pytest.mark.slow) for name in names]


@pytest.mark.parametrize("name", each(RUNS))
def test_a_schedule_has_the_numbers_of_stages_of_one_step(name):
    """With every place in which rates, thresholds and the noise of a batch enter a step."""
    one = simulate(spec_of(RUNS[name]))
    many = simulate(spec_of(RUNS[name], step_by_step(RUNS[name])))
    assert one.attrs["status"] == "complete"
    np.testing.assert_allclose(rows(one), rows(many), rtol=1e-9, atol=1e-12)
    assert np.ptp(one["alpha_A"].values) > 1e-3


@pytest.mark.slow
@pytest.mark.parametrize("noise", ["isotropic", "covariances"])
def test_a_staged_run_has_the_numbers_of_stages_of_one_step(noise):
    """From SGD on a few numbers to active entries: entries are drawn, and stepped once."""
    l1 = {**SCHEDULE, "rate_A": "0.1*abs(t - 4.5)", "threshold_sigmas": 1.2}
    stages = [{"steps": STEPS, "rule": "sgd", **SCHEDULE}, {"steps": STEPS, "rule": "prox", **l1}]
    many = [
        {"rule": stage["rule"], **each}
        for stage, keys in zip(stages, (SCHEDULE, l1), strict=True)
        for each in step_by_step(("staged", noise, stage["rule"], keys))
    ]
    found = [simulate(spec_of(("staged", noise, "prox", {}), s)) for s in (stages, many)]
    np.testing.assert_allclose(rows(found[0]), rows(found[1]), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("name", each(name for name in RUNS if name != "population"))
def test_a_stage_s_batch_size_is_that_of_a_run(name):
    """Levels are of one batch size and scaled to the other, or of the other."""
    engine, noise, rule, schedule = RUNS[name]
    keys = {"rate_A": 0.07, **{k: v for k, v in schedule.items() if k.startswith("thr")}}
    run, stage = (engine, noise, rule, keys), {"steps": 9, **keys}
    size = 30 if draws_samples(engine, noise) else 30_000
    own, whole = (
        spec_of(run, [{**stage, "batch_size": size}]),
        spec_of(run, [stage], batch_size=size),
    )
    own, whole, other = (rows(simulate(spec)) for spec in (own, whole, spec_of(run, [stage])))
    np.testing.assert_allclose(own, whole, rtol=1e-9, atol=1e-12)
    assert np.abs(own - other).max() > 1e-4


@pytest.mark.parametrize("name", each(RUNS))
def test_a_constant_schedule_has_the_bits_of_the_constant(name):
    engine, noise, rule, schedule = RUNS[name]
    plain = {"rate_A": 0.07, "rate_V": 0.05}
    text = {"rate_A": "0.07", "rate_V": "0.05 + 0*t"}
    for key in ("threshold", "threshold_sigmas"):
        if key in schedule:
            plain[key], text[key] = (0.004, "0.004") if key == "threshold" else (1.5, "3/2")
    found = [
        simulate(spec_of((engine, noise, rule, k), [{"steps": 8, **k}])) for k in (plain, text)
    ]
    assert_same(*found)
    sizes = ({"batch_size": 30}, {"batch_size": "30 + 0*t"})
    found = [
        simulate(spec_of((engine, noise, rule, plain), [{"steps": 8, **plain, **b}])) for b in sizes
    ]
    assert_same(*found)


@pytest.mark.parametrize("name", each(ALL))
def test_blocks_and_a_stop_do_not_change_the_bits(name, tmp_path, monkeypatch):
    """The first stage ends on its signal, so that where the second begins is not known before."""
    engine, noise, _, schedule = ALL[name]
    first = {"steps": 50, "until_signal": 0.301, **schedule}
    # What is a level at 50 steps is too few samples at 12.
    stages = [first, {"steps": STEPS, **schedule}]
    if "batch_size" in schedule and draws_samples(engine, noise):
        first["batch_size"] = "max(3, 40 - t)"
    spec = spec_of(ALL[name], stages)
    whole = simulate(spec)
    monkeypatch.setattr("scbsim.run.loop._next_pace", lambda *_: 3)
    assert_same(simulate(spec), whole)
    path, looks = tmp_path / "run.h5", iter(range(100))
    stopped = simulate(spec, output=path, stop=lambda: next(looks) == 3)
    assert stopped.attrs["status"] == "stopped"
    again = simulate(spec, output=path, resume=True)
    np.testing.assert_array_equal(rows(again), rows(whole))


def test_without_noise_it_is_the_population_process():
    """The two scalars of docs/model.md, section 3, at the step sizes of each step."""
    task = Task.random(N=5, T=60, Q=2, P_concentration=0.1, seed=1)
    spec = spec_of(("dense", "none", "sgd", SCHEDULE))
    stage = stages_of(spec, task)[0]
    engine = DenseEngine(task, NoiseLevels.none(task), alpha_A=0.2, alpha_V=0.3, dtype=np.float64)
    found = np.concatenate([engine.advance(stage, 5).rows, engine.advance(stage, 7, 5).rows])
    t, alpha_A, alpha_V, right = np.arange(STEPS), 0.2, 0.3, []
    rate_A, rate_V = 0.1 * np.abs(t - 4) / (1 + t / 3), 0.1 - 0.08 * t / (STEPS - 1)
    for i in t:
        up_V = task.K_Q * alpha_A * (1 - alpha_A * alpha_V) + (1 - alpha_V) / task.T
        up_A = task.K_P * alpha_V * (1 - alpha_A * alpha_V)
        alpha_A, alpha_V = alpha_A + rate_A[i] * up_A, alpha_V + rate_V[i] * up_V
        right.append((alpha_A, alpha_V))
    np.testing.assert_allclose(found[:, :2], right, rtol=1e-11)


def schedule(steps=10, in_sigmas=False, **keys):
    given = {"rate_A": 0.1, "rate_V": 0.2, "threshold": 1.0, "batch": 100.0} | keys
    quantities = {key: Quantity.of(value, steps) for key, value in given.items()}
    return StepSchedule(steps, **quantities, base=100, in_sigmas=in_sigmas)


def test_the_table_of_a_schedule():
    made = schedule(rate_A="0.1*t", batch="100*(1 + t) + 0.4", threshold="2 + t", in_sigmas=True)
    t, table = np.arange(10), made.table(0, 10)
    batch = 100.0 * (1 + t)
    np.testing.assert_array_equal(table[:, RATE_A], 0.1 * t)
    np.testing.assert_array_equal(table[:, RATE_V], 0.2)
    np.testing.assert_array_equal(table[:, BATCH], batch)
    np.testing.assert_allclose(table[:, NOISE], np.sqrt(100 / batch), rtol=1e-15)
    np.testing.assert_allclose(table[:, THRESHOLD], (2 + t) * np.sqrt(100 / batch), rtol=1e-15)
    assert made.batches == (pytest.approx(550.4), 1000.0)
    np.testing.assert_array_equal(made.table(3, 4), table[3:7])
    wide = schedule(steps=3 * CHUNK, rate_A="0.1*cos(t)**2")
    whole = wide.table(0, 3 * CHUNK)
    np.testing.assert_array_equal(
        wide.table(CHUNK - 2, CHUNK + 5), whole[CHUNK - 2 : 2 * CHUNK + 3]
    )
    assert wide.table(CHUNK - 1, 2).flags.c_contiguous


def test_replicas_share_a_table_of_several_chunks():
    """Whatever was asked for before; chunks that were dropped are computed again."""
    made = schedule(steps=9 * CHUNK, rate_A="1 + t")
    assert np.shares_memory(made.table(3, 4), made.table(0, 9))
    for number in (0, 7, 3, 5, 1, 8, 0):
        at = number * CHUNK + 2
        np.testing.assert_array_equal(made.table(at, CHUNK)[:, RATE_A], at + 1.0 + np.arange(CHUNK))
    assert (made.table(0, 5)[:, RATE_V] == 0.2).all()


def test_whether_ratios_vary():
    assert schedule(batch="1 + t").ratio_varies
    assert not StepSchedule(9, *[Quantity.of("1 + t", 9)] * 4, 1, False, False).ratio_varies


def test_activations_are_drawn_at_a_ratio_just_below_that_of_the_step():
    table = schedule(steps=500, threshold="exponential(0.01, 30)").table(0, 500)
    ratio = table[:, THRESHOLD] / table[:, NOISE]
    assert (table[:, RATIO] <= ratio).all()
    assert (ratio < table[:, RATIO] * 2 ** (1 / 256) * (1 + 1e-12)).all()
    assert len(np.unique(table[:, RATIO])) > 100
    assert schedule(threshold="t").table(0, 2)[0, RATIO] == 0.0
    # One that does not vary is drawn at as it is, and nothing is thinned.
    for same in (schedule(batch="100 + t", in_sigmas=True), schedule(rate_A="t", batch=300.0)):
        table = same.table(0, 10)
        np.testing.assert_array_equal(table[:, RATIO], table[:, THRESHOLD] / table[:, NOISE])


def test_beyond_the_checked_steps_a_wrong_value_ends_the_run():
    from scbsim.spec.schedule import MOST_CHECKED

    made = schedule(steps=2 * MOST_CHECKED, rate_A=f"abs(t - {MOST_CHECKED}) - 3")
    made.table(0, 5)
    with pytest.raises(RunFailed, match=f"t = {MOST_CHECKED - 2}"):
        made.table(MOST_CHECKED - 5, 5)


def test_costs_are_of_the_mean_and_memory_of_the_largest():
    run = ("batch", "none", "sgd", {})
    task = Task.random(N=5, T=60, Q=2, P_concentration=0.1, seed=1)
    plans = {
        name: plan_of(spec_of(run, stages), task)
        for name, stages in {
            "few": [{"steps": 10}],
            "both": [{"steps": 10}, {"steps": 10, "batch_size": {"linear": [20, 1000]}}],
            "many": [{"steps": 10, "batch_size": 1000}],
        }.items()
    }
    assert plans["both"].largest_batch == 1000
    assert plans["both"].mean_batch == pytest.approx((20 + 510) / 2)
    assert plans["both"].memory == plans["many"].memory > plans["few"].memory
    assert plans["few"].step_seconds < plans["both"].step_seconds < plans["many"].step_seconds
    assert not plans["few"].own_batches


def test_sparse_costs_follow_the_thresholds():
    task = Task.random(N=50, T=10_000, Q=2, P_concentration=0.1, seed=1)

    def plan(sigmas):
        run = ("sparse", "isotropic", "prox", {})
        return plan_of(spec_of(run, [{"steps": 50, "threshold_sigmas": sigmas}]), task)

    low, both, high = plan(2.0), plan({"linear": [2.0, 4.0]}), plan(4.0)
    assert low.step_seconds > both.step_seconds > high.step_seconds
    assert low.memory == pytest.approx(both.memory, rel=1e-6)
    assert BASE == low.spec.dynamics.batch_size
    assert RunSpec.from_dict(tables_of(RUNS["collapsed"])).stage[0].batch_size
