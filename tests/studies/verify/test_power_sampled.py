"""The verification detects errors of sampled noise, at its floor for all comparisons."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
from scbsim_testing.power import POWER_RUNS

from scbsim.engines.dense import DenseEngine
from scbsim.engines.noise import SampledNoise
from scbsim.engines.sampled import SampledEngine
from scbsim.studies.verify.case import TRUTH
from scbsim.studies.verify.cases import all_cases
from scbsim.studies.verify.comparison import compare
from scbsim.studies.verify.sampling import sample, seeds_of
from scbsim.studies.verify.verification import CHANCE

pytestmark = pytest.mark.slow

FLOOR = CHANCE / 50_000
SGD = "sgd, sampled, N = 6, T = 600"
PROX = "prox, sampled, T = 600"


def fewer_samples(engine):
    def build(task, noise, **start):
        return engine(task, SampledNoise(30), **start)

    return build


def knows_nothing_of_the_source(task, noise, **start):
    engine = SampledEngine(task, noise, **start)
    alias = engine.batch.alias
    alias.outputs[:] = alias.tokens[: alias.outputs.shape[1]]
    return engine


SINGLE = partial(DenseEngine, dtype=np.float32)


@pytest.mark.parametrize(
    ("name", "build", "wrong"),
    [
        (SGD, SampledEngine, False),
        (SGD, fewer_samples(SampledEngine), True),
        (SGD, knows_nothing_of_the_source, True),
        (PROX, fewer_samples(SINGLE), True),
    ],
)
def test_what_is_wrong_is_noticed(name, build, wrong):
    (case,) = (each for each in all_cases() if each.name == name)
    samples = [
        sample(case, each, seeds_of(0, 0, i, POWER_RUNS))
        for i, each in enumerate((TRUTH.build, build))
    ]
    outcome = compare((name, "one"), case.labels, *samples, 1e-5)
    assert (outcome.worst.p < FLOOR) is wrong, outcome.worst
