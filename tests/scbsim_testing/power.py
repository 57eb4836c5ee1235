"""How many runs show errors of an engine, and whether a case of the verification notices one."""

from __future__ import annotations

from functools import cache

from scbsim.studies.verify.case import TRUTH
from scbsim.studies.verify.cases import all_cases
from scbsim.studies.verify.comparison import compare
from scbsim.studies.verify.sampling import sample, seeds_of
from scbsim.studies.verify.verification import CHANCE

POWER_RUNS = 4000
"""Runs of a case with which the tests in `studies/verify` notice all errors but one."""

FLOOR = CHANCE / 50_000
"""A whole verification has fewer comparisons, so it detects every p-value below this floor."""


@cache
def truth(name, runs):
    """The case of that name, and the sample of its truth, which all wrong engines share."""
    (case,) = (each for each in all_cases() if each.name == name)
    return case, sample(case, TRUTH.build, seeds_of(0, 0, 0, runs))


def noticed(name, build, runs=POWER_RUNS):
    """Whether a case of the verification, run with a wrong engine, fails it."""
    case, right = truth(name, runs)
    rows = sample(case, build, seeds_of(0, 0, 1, runs))
    return compare((name, "wrong"), case.labels, right, rows, 1e-10).worst.p < FLOOR
