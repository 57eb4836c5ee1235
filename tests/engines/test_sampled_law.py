"""The sampled engine has the law of SGD on real batches."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from scbsim_testing.real_batches import a_stage, a_task

from scbsim.engines.batch import BatchEngine
from scbsim.engines.dense import DenseEngine
from scbsim.engines.noise import NoiseLevels, SampledNoise
from scbsim.engines.sampled import SampledEngine
from scbsim.studies.verify.comparison import compare

pytestmark = pytest.mark.filterwarnings("ignore::scbsim.errors.TaskWarning")

CHANCE = 1e-6
TIMES = (1, 4, 30)

# N, T, batch size, Q, signals at the start, rate, mu.
SETTINGS = {
    "many samples a column": (10, 1000, 256, 2, 0.1, 0.1, "uniform"),
    "twenty tokens": (20, 1000, 256, 2, 0.1, 0.1, "uniform"),
    "few samples a column": (10, 200, 16, 2, 0.1, 0.05, "uniform"),
    "a short context": (4, 30, 64, 2, 0.1, 0.1, "uniform"),
    "uneven tokens": (8, 500, 200, 3, 0.1, 0.05, "dirichlet"),
    "from zero": (6, 2000, 64, 1, 0.0, 0.1, "uniform"),
    "one sample": (10, 400, 1, 2, 0.1, 0.005, "uniform"),
    "late": (5, 300, 100, 2, 0.8, 0.1, "dirichlet"),
    "no entry off the support": (5, 5, 32, 5, 0.1, 0.05, "uniform"),
    "at the truth": (5, 40, 50, 2, 1.0, 0.05, "uniform"),
}


def the_task(setting):
    N, T, _, Q, _, _, mu = SETTINGS[setting]
    return a_task(N, T, Q, mu=mu, P_concentration=0.1)


def observed(engine, task, setting, runs):
    """(runs, times, 9): the observables of independent runs."""
    _, _, _, _, _, rate, _ = SETTINGS[setting]
    stage = a_stage(task, rate_A=rate, rate_V=rate)
    start = {name: array.copy() for name, array in engine.state().items()}
    found = np.empty((runs, len(TIMES), 9))
    for i in range(runs):
        engine.constants = engine.constants._replace(replica=np.uint64(i))
        engine.restore(0, start)
        rows = engine.advance(stage, TIMES[-1]).rows
        found[i] = rows[np.array(TIMES) - 1]
    return found


def sampled(task, setting):
    _, _, batch, _, alpha, _, _ = SETTINGS[setting]
    return SampledEngine(task, SampledNoise(batch), alpha_A=alpha, alpha_V=alpha, seed=1)


def real(task, setting):
    _, _, batch, _, alpha, _, _ = SETTINGS[setting]
    return BatchEngine(
        task,
        NoiseLevels.none(task),
        batch_size=batch,
        alpha_A=alpha,
        alpha_V=alpha,
        seed=2,
        dtype=np.float64,
    )


def every_entry(task, setting):
    _, _, batch, _, alpha, _, _ = SETTINGS[setting]
    options = {"alpha_A": alpha, "alpha_V": alpha, "seed": 1, "dtype": np.float64}
    return DenseEngine(task, SampledNoise(batch), **options)


@cache
def truth(setting, runs):
    task = the_task(setting)
    return observed(real(task, setting), task, setting, runs)


def compared(setting, made, runs):
    right, rows = truth(setting, runs), observed(made, the_task(setting), setting, runs)
    # From zero the real batches leave rounding where the law has an exact 0.
    return compare(("", ""), TIMES, right, rows, 1e-10)


@pytest.mark.slow
def test_a_start_from_a_run_on_other_tokens():
    """``V mu`` is not mu then, and stays what it is."""
    setting = "uneven tokens"
    task, old = the_task(setting), a_task(8, 500, 3, mu="uniform", P_concentration=0.1, seed=4)
    stage = a_stage(old, rate_A=0.1, rate_V=0.1)
    before = BatchEngine(
        old, NoiseLevels.none(old), batch_size=200, alpha_A=0.1, alpha_V=0.1, dtype=np.float64
    )
    before.advance(stage, 40)
    found = []
    for engine in (real(task, setting), sampled(task, setting)):
        engine.adopt(before.state(), old)
        found.append(observed(engine, task, setting, 1000))
    outcome = compare(("", ""), TIMES, *found, 1e-10)
    assert least(outcome) > CHANCE, outcome.worst


def least(outcome):
    return outcome.worst.p * outcome.count


# Given the samples its entries are normal, which takes many samples and a long context.
WITH_EVERY_ENTRY = ("uneven tokens", "from zero", "late")


@pytest.mark.slow
@pytest.mark.parametrize("setting", SETTINGS)
def test_real_batches(setting):
    """One sample of the truth for both engines: it takes most of the time."""
    for make in (sampled, every_entry) if setting in WITH_EVERY_ENTRY else (sampled,):
        outcome = compared(setting, make(the_task(setting), setting), 2000)
        assert least(outcome) > CHANCE, (make.__name__, outcome.worst)


@pytest.mark.parametrize("setting", ["a short context", "one sample"])
def test_real_batches_in_short(setting):
    outcome = compared(setting, sampled(the_task(setting), setting), 300)
    assert least(outcome) > CHANCE, outcome.worst


def too_loud(engine):
    """The gradients at the support by 5% too large."""
    sums = engine.batch.sums
    louder = sums._replace(inverse=1.05 * sums.inverse)
    engine.batch = engine.batch._replace(sums=louder)


def another_token(engine):
    """Outputs that know nothing of the source."""
    alias = engine.batch.alias
    alias.outputs[:] = alias.tokens[: alias.outputs.shape[1]]


def longer(engine):
    """A context that is longer by a tenth than the task's."""
    engine.columns = engine.columns._replace(T=1.1 * engine.columns.T)


@pytest.mark.slow
@pytest.mark.parametrize("wrong", [too_loud, another_token, longer])
def test_what_is_wrong_is_seen(wrong):
    setting = "a short context"
    engine = sampled(the_task(setting), setting)
    wrong(engine)
    assert least(compared(setting, engine, 2000)) < 1e-6 * CHANCE
