"""All cases, side by side, and what they come to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass

from scbsim.errors import Stopped
from scbsim.studies.verify.case import TRUTH, Case
from scbsim.studies.verify.cases import all_cases
from scbsim.studies.verify.comparison import CaseComparison, compare
from scbsim.studies.verify.sampling import sample, seeds_of
from scbsim.util.cores import usable_cores
from scbsim.util.numbers import whole

CHANCE = 1e-5
"""How often a verification of exact engines may fail."""

RUNS, QUICK_RUNS = 10_000, 1500

_LOOK_SECONDS = 0.2


@dataclass(frozen=True)
class VerifyReport:
    """What a verification came to.

    Attributes
    ----------
    outcomes : tuple of CaseComparison
        In the order of cases and contenders.
    cases, runs : int
        Runs of each sample.
    """

    outcomes: tuple[CaseComparison, ...]
    cases: int
    runs: int

    @property
    def comparisons(self) -> int:
        """How many there were."""
        return sum(each.count for each in self.outcomes)

    @property
    def floor(self) -> float:
        """The p-value below which one comparison fails it all: by Bonferroni, no luck needed."""
        return CHANCE / max(1, self.comparisons)

    @property
    def least(self) -> float:
        """The least p-value."""
        return min((each.worst.p for each in self.outcomes), default=1.0)

    @property
    def failed(self) -> tuple[CaseComparison, ...]:
        """Those below the floor."""
        return tuple(each for each in self.outcomes if each.worst.p < self.floor)

    def __str__(self) -> str:
        counts = f"{self.cases} cases, {self.comparisons} comparisons of {self.runs} runs"
        least = f"least p {self.least:.2g} (floor {self.floor:.1g})"
        if not self.failed:
            return f"verified: {counts}, {least}"
        where = "; ".join(
            f"{each.case}: {each.contender}, {each.worst.where}" for each in self.failed
        )
        return f"FAILED: {counts}, {least}, at {where}"


def verify(
    *,
    quick: bool = False,
    seed: int = 0,
    threads: int | None = None,
    cases: Sequence[Case] | None = None,
    runs: int | None = None,
    tell: Callable[[int, int], None] | None = None,
    stop: Callable[[], bool] | None = None,
) -> VerifyReport:
    """Compare every reduced engine with the dense one in float64, in law.

    Parameters
    ----------
    quick : bool
        Fewer runs.
    seed : int
        At least 0; any will do.
    threads : int, optional
        Cases at once; as many as the machine has cores unless given. No number depends on it.
    cases : sequence of Case, optional
        Other cases than those of `scbsim.studies.verify.cases`.
    runs : int, optional
        Runs of each sample.
    tell : callable, optional
        Told how many cases are done, and of how many.
    stop : callable, optional
        Asked several times a second; when it says True, no further case is begun.

    Returns
    -------
    VerifyReport

    Raises
    ------
    Stopped
        If ``stop`` said so.
    """
    cases = all_cases() if cases is None else cases
    seed = whole("seed", seed, 0)
    runs = (QUICK_RUNS if quick else RUNS) if runs is None else whole("runs", runs, 1)
    pool = ThreadPoolExecutor(usable_cores() if threads is None else whole("threads", threads, 1))
    work = [pool.submit(_outcomes, case, i, seed, runs) for i, case in enumerate(cases)]
    try:
        _attend(work, tell, stop)
    finally:
        # What has begun is let end: threads cannot be called off.
        pool.shutdown(cancel_futures=True)
    outcomes = tuple(outcome for done in work for outcome in done.result())
    return VerifyReport(outcomes, len(cases), runs)


def _attend(
    work: Sequence[Future[list[CaseComparison]]],
    tell: Callable[[int, int], None] | None,
    stop: Callable[[], bool] | None,
) -> None:
    waiting: set[Future[list[CaseComparison]]] = set(work)
    while waiting:
        done, waiting = wait(waiting, _LOOK_SECONDS, FIRST_COMPLETED)
        for each in done:
            each.result()
        if done and tell is not None:
            tell(len(work) - len(waiting), len(work))
        if stop is not None and stop():
            raise Stopped("stopped on a signal")


def _outcomes(case: Case, index: int, seed: int, runs: int) -> list[CaseComparison]:
    """Run a case: the truth once, and every contender against it."""
    truth = sample(case, TRUTH.build, seeds_of(seed, index, 0, runs))
    outcomes = []
    for i, contender in enumerate(case.contenders):
        rows = sample(case, contender.build, seeds_of(seed, index, i + 1, runs))
        names = (case.name, contender.name)
        outcomes.append(compare(names, case.times, truth, rows, contender.tolerance))
    return outcomes
