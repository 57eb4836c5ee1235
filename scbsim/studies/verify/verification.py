"""verify(): all cases in parallel, and the result of the whole verification."""

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
from scbsim.util.numbers import check_int
from scbsim.util.text import counted

CHANCE = 1e-5
"""Probability that a verification of exact engines fails by chance."""

RUNS, QUICK_RUNS = 10_000, 1500

_LOOK_SECONDS = 0.2


@dataclass(frozen=True)
class VerifyReport:
    """Results of a verification.

    Attributes
    ----------
    outcomes : tuple of CaseComparison
        In the order of cases and contenders.
    cases : int
        Number of cases.
    runs : int
        Number of runs of each sample.
    """

    outcomes: tuple[CaseComparison, ...]
    cases: int
    runs: int

    @property
    def comparisons(self) -> int:
        """Number of comparisons."""
        return sum(each.count for each in self.outcomes)

    @property
    def floor(self) -> float:
        """The verification fails if a p-value is below this Bonferroni bound."""
        return CHANCE / max(1, self.comparisons)

    @property
    def least(self) -> float:
        """The least p-value of all comparisons."""
        return min((each.worst.p for each in self.outcomes), default=1.0)

    @property
    def failed(self) -> tuple[CaseComparison, ...]:
        """The results with a p-value below the floor."""
        return tuple(each for each in self.outcomes if each.worst.p < self.floor)

    def __str__(self) -> str:
        comparisons = counted(self.comparisons, "comparison")
        counts = f"{counted(self.cases, 'case')}, {comparisons} of {counted(self.runs, 'run')}"
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
    on_progress: Callable[[int, int], None] | None = None,
    stop: Callable[[], bool] | None = None,
) -> VerifyReport:
    """Compare the law of every reduced engine with that of the dense one in float64.

    Parameters
    ----------
    quick : bool
        Fewer runs.
    seed : int
        At least 0.
    threads : int, optional
        Cases at a time, by default as many as there are cores. The results do not depend on it.
    cases : sequence of Case, optional
        Instead of those in `scbsim.studies.verify.cases`.
    runs : int, optional
        Runs of each sample, instead of those that ``quick`` selects.
    on_progress : callable, optional
        Called with the number of finished cases and the number of all cases.
    stop : callable, optional
        Called several times a second; once it returns True, no further case is started.

    Raises
    ------
    Stopped
        If ``stop`` returned True.
    """
    cases = all_cases() if cases is None else cases
    seed = check_int("seed", seed, 0)
    runs = (QUICK_RUNS if quick else RUNS) if runs is None else check_int("runs", runs, 1)
    pool = ThreadPoolExecutor(
        usable_cores() if threads is None else check_int("threads", threads, 1)
    )
    work = [pool.submit(_outcomes, case, i, seed, runs) for i, case in enumerate(cases)]
    try:
        _wait_for(work, on_progress, stop)
    finally:
        # Cases that have started run to their end, since threads cannot be cancelled.
        pool.shutdown(cancel_futures=True)
    outcomes = tuple(outcome for done in work for outcome in done.result())
    return VerifyReport(outcomes, len(cases), runs)


def _wait_for(
    work: Sequence[Future[list[CaseComparison]]],
    on_progress: Callable[[int, int], None] | None,
    stop: Callable[[], bool] | None,
) -> None:
    """Wait for all cases; raise their errors, and :class:`Stopped` if ``stop`` returns True."""
    waiting: set[Future[list[CaseComparison]]] = set(work)
    while waiting:
        done, waiting = wait(waiting, _LOOK_SECONDS, FIRST_COMPLETED)
        for each in done:
            each.result()
        if done and on_progress is not None:
            on_progress(len(work) - len(waiting), len(work))
        if stop is not None and stop():
            raise Stopped("stopped on a signal")


def _outcomes(case: Case, index: int, seed: int, runs: int) -> list[CaseComparison]:
    """Run a case: sample the truth once, and compare every contender with it."""
    truth = sample(case, TRUTH.build, seeds_of(seed, index, 0, runs))
    outcomes = []
    for i, contender in enumerate(case.contenders, 1):
        rows = sample(case, contender.build, seeds_of(seed, index, i, runs))
        names = (case.name, contender.name)
        outcomes.append(compare(names, case.labels, truth, rows, contender.tolerance))
    return outcomes
