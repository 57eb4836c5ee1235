"""The engines pass the verification, and engines with errors fail it."""

from dataclasses import replace

import numpy as np
import pytest
from scbsim_testing.power import POWER_RUNS

from scbsim.engines.dense import DenseEngine
from scbsim.engines.noise import NoiseLevels
from scbsim.errors import RunFailed, Stopped
from scbsim.observables import NAMES
from scbsim.spec.engines import ENGINES
from scbsim.studies.verify.case import COLLAPSED, SPARSE, TRUTH, Contender
from scbsim.studies.verify.cases import all_cases
from scbsim.studies.verify.comparison import compare
from scbsim.studies.verify.sampling import sample, seeds_of
from scbsim.studies.verify.verification import CHANCE, QUICK_RUNS, RUNS, verify

NOISY = Contender("noisy", lambda *words, **start: TRUTH.build(words[0], louder(words[1]), **start))


def louder(noise):
    return NoiseLevels(1.1 * noise.sigma_A, noise.sigma_V)


def named(name):
    (case,) = (each for each in all_cases() if each.name == name)
    return case


@pytest.mark.slow
def test_quick():
    """Every fifth case: p-values are right with the quick verification's few runs as well."""
    verdict = verify(quick=True, seed=11, cases=all_cases()[::5])
    assert verdict.runs == QUICK_RUNS
    assert not verdict.failed, str(verdict)


@pytest.mark.slow(first=True)
@pytest.mark.parametrize("part", range(4))
def test_every_case(part):
    """With the runs at which the tests of its power notice each of their errors but one.

    Each part has a seed of its own, since seeds of runs follow from the place in a list of cases.
    """
    cases = all_cases()[part::4]
    verdict = verify(seed=12 + part, runs=POWER_RUNS, threads=1, cases=cases)
    assert verdict.cases == len(cases)
    assert not verdict.failed, str(verdict)


@pytest.mark.slow
def test_the_case_that_needs_all_runs():
    """That of columns taken as pairs: the one error that test_power.py notices with all runs."""
    verdict = verify(seed=12, cases=[named("sgd, columns, matched")])
    assert verdict.runs == RUNS
    assert not verdict.failed, str(verdict)


def test_cases_have_names_of_their_own_and_cover_all_engines():
    cases = all_cases()
    assert len({case.name for case in cases}) == len(cases)
    assert {case.stage.rule for case in cases} == set(ENGINES["dense"].rules)
    for rule, contender in {"sgd": COLLAPSED, "prox": SPARSE, "denoise": SPARSE}.items():
        own = [case for case in cases if case.stage.rule == rule]
        constant = [case for case in own if isinstance(case.noise, NoiseLevels)]
        assert len(constant) > 8
        assert all(contender in case.contenders for case in constant)
        assert len(own) > len(constant), "and some under matched noise"


def test_neither_threads_nor_other_cases_change_a_number():
    cases = all_cases()[:3]
    one, two = (verify(cases=cases, runs=100, threads=threads) for threads in (1, 2))
    assert one == two
    assert verify(cases=cases[:1], runs=100).outcomes == one.outcomes[:3]


def test_one_engine_for_all_runs_is_as_good_as_one_for_each():
    names = ("sgd, from a rest", "denoise, from a rest of some entries", "momentum, N = 4, T = 30")
    for case in map(named, names):
        for contender in (TRUTH, *case.contenders):
            seeds = seeds_of(1, 2, 3, 4)
            together = sample(case, contender.build, seeds)
            alone = [sample(case, contender.build, seeds[i : i + 1]) for i in range(4)]
            np.testing.assert_array_equal(together, np.concatenate(alone))
            assert len(np.unique(together[:, 1, 0])) == 4


def test_samples_share_no_seed():
    seeds = [seeds_of(0, i, j, 1000) for i in range(10) for j in range(4)]
    assert len(np.unique(np.concatenate(seeds))) == 40_000


def test_what_differs_is_named():
    right = named("sgd, N = 4, T = 30")
    verdict = verify(cases=[replace(right, contenders=(COLLAPSED, NOISY))], runs=1500)
    assert [each.contender for each in verdict.failed] == ["noisy"]
    said = str(verdict)
    assert said.startswith("FAILED: 1 case, ")
    assert "at sgd, N = 4, T = 30: noisy, delta_A at" in said
    assert verdict.floor == CHANCE / verdict.comparisons


def test_what_differs_only_between_steps_is_noticed():
    """All margins are the same, but each time is taken from other runs."""
    case = named("prox, N = 4, T = 30, 1.2 sigma")
    truth, rows = (sample(case, TRUTH.build, seeds_of(0, 0, i, 1500)) for i in range(2))
    shuffled = np.stack([np.roll(rows[:, i], 100 * i, axis=0) for i in range(3)], axis=1)
    outcome = compare(("", ""), case.times, truth, shuffled, 1e-10)
    assert min(each.p for each in (outcome.margins, outcome.means, outcome.variances)) > 1e-9
    assert outcome.joint.p < 1e-12
    assert outcome.products.p < 1e-12


def test_constants_are_compared_by_tolerance():
    rng = np.random.default_rng(1)
    truth, rows = rng.normal(size=(2, 400, 2, 9))
    truth[..., 3], rows[..., 3] = 1e-16 * truth[..., 3], 0.0
    truth[..., 4], rows[..., 4] = 0.25, 0.25 + 1e-13
    outcome = compare(("", ""), (1, 2), truth, rows, 1e-10)
    assert outcome.constant == 4
    assert outcome.worst.p > 1e-9
    rows[..., 4] = 0.2501
    assert compare(("", ""), (1, 2), truth, rows, 1e-10).margins.p < 1e-100


def test_a_case_that_diverges_is_no_comparison():
    case = named("sgd, N = 4, T = 30")
    wild = replace(case, stage=replace(case.stage, rate_A=1e200))
    with pytest.raises(RunFailed, match="diverged after"):
        sample(wild, DenseEngine, seeds_of(0, 0, 0, 2))
    with pytest.raises(RunFailed, match="diverged after"):
        verify(cases=[wild], runs=2)


def test_what_is_not_a_number_is_no_comparison():
    case = named("sgd, N = 4, T = 30")

    class Broken(DenseEngine):
        def advance(self, stage, steps, *before):
            block = super().advance(stage, steps, *before)
            block.rows[:, NAMES.index("sim_V")] = np.nan
            return block

    with pytest.raises(RunFailed, match="sim_V is not a number"):
        sample(case, Broken, seeds_of(0, 0, 0, 2))


def test_stop():
    seen = []

    def stop():
        return len(seen) > 0

    with pytest.raises(Stopped):
        verify(runs=300, threads=1, stop=stop, on_progress=lambda *counts: seen.append(counts))
    assert seen[0] == (seen[0][0], len(all_cases()))
    assert seen[-1][0] < len(all_cases())
