"""What a run draws of entries that it does not keep: passes over all of them, and normals.

A direction that was drawn d times needs d normals of each entry whenever it is needed, since none
is stored (`scbsim.engines.directions`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from scbsim.engines.noise import MatchedNoise
from scbsim.engines.plan import RunPlan
from scbsim.engines.stages import Stage
from scbsim.engines.without_entries import WithoutEntries, draws_of
from scbsim.estimates.first_part import FirstPart
from scbsim.kernels.random.normal import BLOCK
from scbsim.spec.rules import rule_record


class Drawn(NamedTuple):
    """What one replica draws.

    Attributes
    ----------
    normals, passes : float
        For each entry of A.
    stepped : float
        How often each entry takes the first step of an l1 rule.
    listed : float
        The most entries that a first step of an l1 rule leaves off zero.
    active : float
        Entries off zero in the steps after it, summed over the steps.
    """

    normals: float
    passes: float
    stepped: float
    listed: float
    active: float


NOTHING = Drawn(0.0, 0.0, 0.0, 0.0, 0.0)


def drawn_by(
    plan: RunPlan, steps: list[float], first: FirstPart | None = None
) -> tuple[Drawn, Drawn]:
    """Return what a run draws whose stages take so many steps: until its end, and there.

    ``first`` says how far entries are from zero at the first hand-over; without it they are taken
    to have gathered the noise of all steps of SGD.
    """
    staged = plan.choice.name == "staged"
    if not (staged or issubclass(plan.engine, WithoutEntries)):
        return NOTHING, NOTHING
    return _Draws(plan, first).of_run(steps, staged=staged)


@dataclass
class _Draws:
    """A count of passes, while the stages of a run are gone through."""

    plan: RunPlan
    first: FirstPart | None = None
    draws: int = 0  # directions that were drawn
    at: int = -1  # the step of the last
    given: bool = False  # whether the engine began from entries
    normals: float = 0.0
    passes: float = 0.0
    stepped: float = 0.0

    def of_run(self, steps: list[float], *, staged: bool) -> tuple[Drawn, Drawn]:
        """Return what all stages draw, and the end."""
        plan, kept, begun = self.plan, False, 0
        spread = np.zeros(plan.task.N)  # the variance of an entry off the support
        listed = active = 0.0
        for stage, expected in zip(plan.stages, steps, strict=True):
            end = begun + round(expected)
            if staged and rule_record(stage.rule).keeps_zeros:
                if not kept:
                    walk = self._walk(stage, spread)
                    self._hand_over(walk, begun)
                    found = walk.left(end - begun)
                    listed, active = max(listed, found[0]), active + found[1]
                kept = True
            else:
                if kept:
                    # The active entries are the direction to begin with.
                    self.draws, self.at, self.given, kept = 0, begun, True, False
                    spread[:] = 0.0
                self._periodic(begun, end)
                spread += (stage.rate_A * plan.levels.sigma_A) ** 2 * (end - begun)
            if staged and not kept and stage.normalize_level is not None:
                self._normalize(end)
                kept = True
            begun = end
        during = Drawn(self.normals, self.passes, self.stepped, listed, active)
        if not kept:
            self._end(begun)
        normals, passes = self.normals - during.normals, self.passes - during.passes
        return during, Drawn(normals, passes, 0.0, 0.0, 0.0)

    def _walk(self, stage: Stage, spread: np.ndarray) -> _Walk:
        """Return how entries leave, given what SGD gathered; at first that is known better."""
        levels, first = self.plan.levels.sigma_A, self.first
        self.first = None
        if first is not None:
            spread, levels = first.spread, first.levels
        return _Walk(stage, spread.copy(), levels, self.plan.task.T)

    def _pass(self, normals: float, share: float = 1.0) -> None:
        self.normals += share * normals
        self.passes += share

    def _entries(self, step: int) -> None:
        """Count what it takes to draw the entries after a step."""
        first = self.draws == 0 and not self.given
        if step > 0 and step != self.at:
            self._pass(self.draws + 1)
            self.draws, self.at = self.draws + 1, step
        else:
            first = False
        # The largest entries of a first draw are known from it; a collapsed A needs sums as well.
        if self.plan.choice.name == "collapsed" or self._is_collapsed_first or not first:
            self._pass(self.draws)

    @property
    def _is_collapsed_first(self) -> bool:
        staged = self.plan.choice.name == "staged"
        return staged and not isinstance(self.plan.noise, MatchedNoise)

    def _normalized(self, step: int) -> None:
        self._entries(step)
        # Of blocks in which something may stand out: all, where noise does.
        self._pass(self.draws)

    def _hand_over(self, walk: _Walk, step: int) -> None:
        """Count the first step of an l1 rule: `scbsim.engines.hand_over.first_step`."""
        self._entries(step)
        if not walk.spread.any():
            return
        noise = self.plan.noise
        joint = isinstance(noise, MatchedNoise) and noise.covariances
        # A block is stepped again if any entry of it is left.
        again = 1.0 - (1.0 - float(walk.probabilities(1).mean())) ** BLOCK
        for share in (float(joint), 1.0, again):
            self._pass(self.draws + 1, share)
            self.stepped += share

    def _normalize(self, step: int) -> None:
        """Count a normalisation of the state: `scbsim.engines.hand_over.normalize`."""
        self._entries(step)
        self._normalized(step)
        # Its sums again, those of the list, and the list.
        for _ in range(3):
            self._pass(self.draws)

    def _periodic(self, begun: int, end: int) -> None:
        """Count snapshots and normalised copies after the steps of a stage."""
        output = self.plan.spec.output
        for step, snapshot, normalized in _due(
            begun, end, output.snapshot_every, output.normalized_every
        ):
            if snapshot:
                self._entries(step)
                self._pass(self.draws)
            if normalized:
                self._normalized(step)

    def _end(self, step: int) -> None:
        """Count the normalised copy of the last state, and its entries if they are kept."""
        spec = self.plan.spec
        if draws_of(spec, self.plan.task):
            self._normalized(step)
        if spec.output.final_state is True and spec.dynamics.replicas == 1:
            self._entries(step)


def _due(begun: int, end: int, *periods: int) -> Iterator[tuple[int, ...]]:
    """Yield the steps of a stage after which something is due, and what: a flag for each period.

    The start of a run is among the steps of its first stage.
    """
    found: dict[int, None] = {}
    for every in periods:
        if every:
            first = begun + every - begun % every if begun else 0
            found |= dict.fromkeys(range(first, end + 1, every))
    for step in sorted(found):
        yield (step, *(bool(every) and step % every == 0 for every in periods))


class _Walk(NamedTuple):
    """Entries under an l1 rule, which each step takes the threshold from.

    Attributes
    ----------
    stage : Stage
    spread : (N,) float64
        Their variance before.
    levels : (N,) float64
        Of their noise.
    T : int
    """

    stage: Stage
    spread: NDArray[np.float64]
    levels: NDArray[np.float64]
    T: int

    def probabilities(self, steps: int) -> NDArray[np.float64]:
        """Return the probability that an entry is off zero after so many steps, by column."""
        from scipy.special import ndtr

        stage, rate = self.stage, self.stage.rate_A
        if not rule_record(stage.rule).returns_to_zero:
            return np.ones(len(self.spread))
        std = np.sqrt(self.spread + steps * (rate * self.levels) ** 2)
        cut = rate * steps * stage.threshold
        at = np.divide(cut, std, out=np.full(len(std), np.inf), where=std > 0.0)
        return np.asarray(2.0 * ndtr(-at))

    def left(self, steps: int) -> tuple[float, float]:
        """Return how many entries the first step leaves, and the sum over all steps."""
        if not self.spread.any() or steps < 1:
            return 0.0, 0.0
        each = list[float]()
        for step in range(1, steps + 1):
            each.append(self.T * float(self.probabilities(step).sum()))
            if each[-1] < 1e-2 * each[0]:
                break
        return each[0], sum(each)
