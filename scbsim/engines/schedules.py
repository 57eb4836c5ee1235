"""What differs from step to step of a stage, as a table for kernels (docs/schedules.md)."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from scbsim.errors import RunFailed
from scbsim.kernels.gaussian.schedule import (
    BATCH,
    COLUMNS,
    NOISE,
    RATE_A,
    RATE_V,
    RATIO,
    THRESHOLD,
)
from scbsim.spec.schedule import CHUNK, MOST_CHECKED, constant, extremes, schedule_of
from scbsim.spec.stage_table import StageSpec

Array = NDArray[np.float64]

NO_TABLE: Array = np.zeros((0, COLUMNS))
"""The table of a call whose steps all have the same parameters."""

_SOME = 64  # steps of a stage that costs and messages read
_STEPS_OF_RATIO = 256.0


@dataclass(frozen=True)
class Quantity:
    """A number of every step of a stage, or an expression of the step."""

    value: float | str
    steps: int

    @classmethod
    def of(cls, given: float | str, steps: int) -> Quantity:
        """Return a quantity; a schedule of one value is the number."""
        if isinstance(given, str) and (same := constant(given, steps)) is not None:
            return cls(same, steps)
        return cls(given if isinstance(given, str) else float(given), steps)

    @property
    def varies(self) -> bool:
        """Whether it is a schedule of different values."""
        return isinstance(self.value, str)

    def chunk(self, number: int) -> Array | float:
        """Return the values of a chunk of steps, (CHUNK,), or the one number."""
        if not isinstance(self.value, str):
            return self.value
        return schedule_of(self.value).chunk(number, self.steps)

    def extremes(self) -> tuple[float, float, float]:
        """Return the least, the mean and the largest value."""
        if isinstance(self.value, str):
            return extremes(self.value, self.steps)
        return self.value, self.value, self.value


@dataclass(frozen=True)
class StepSchedule:
    """The parameters of the steps of a stage.

    Attributes
    ----------
    steps : int
        Of the stage.
    rate_A, rate_V, threshold, batch : Quantity
        ``threshold`` is what the stage's own thresholds are multiplied by.
    base : int
        The batch size of which noise levels are.
    in_sigmas : bool
        Whether thresholds are in units of the noise level, and follow it.
    """

    steps: int
    rate_A: Quantity
    rate_V: Quantity
    threshold: Quantity
    batch: Quantity
    base: int
    in_sigmas: bool
    _chunks: dict[int, Array] = field(default_factory=dict, init=False, repr=False, compare=False)

    @property
    def varies(self) -> bool:
        """Whether any step differs from another."""
        quantities = (self.rate_A, self.rate_V, self.threshold, self.batch)
        return any(each.varies for each in quantities)

    def table(self, first: int, count: int, room: Array | None = None) -> Array:
        """Return the parameters of steps, (count, 6): see `kernels.gaussian.schedule`.

        Parameters
        ----------
        first : int
            Steps of the stage before them.
        room : (at least count, 6) float64, optional
            The result may be written here, which saves making an array.

        Raises
        ------
        RunFailed
            If a step beyond those that the spec's checks read has a value that is not allowed.
        """
        last = max(first, first + count - 1)
        if first // CHUNK == last // CHUNK:
            at = first % CHUNK
            return self._chunk(first // CHUNK)[at : at + count]
        parts = [self._chunk(i) for i in range(first // CHUNK, last // CHUNK + 1)]
        parts[0], parts[-1] = parts[0][first % CHUNK :], parts[-1][: last % CHUNK + 1]
        return np.concatenate(parts, out=None if room is None else room[:count])

    def _chunk(self, number: int) -> Array:
        # Replicas on several threads read it. Two that compute a chunk at once get the same.
        found = self._chunks.get(number)
        if found is None:
            found = self._computed(number)
            while len(self._chunks) >= 4:
                self._chunks.pop(next(iter(self._chunks)), None)
            self._chunks[number] = found
        return found

    @cached_property
    def _constants(self) -> Array:
        """The table of a chunk with what does not vary; the rest of it is not valid."""
        batch = self.batch.chunk(0) if not self.batch.varies else self.base
        noise = np.sqrt(self.base / np.rint(batch))
        threshold = 1.0 if self.threshold.varies else self.threshold.chunk(0)
        threshold = threshold * noise if self.in_sigmas else threshold
        row = np.zeros(COLUMNS)
        row[NOISE], row[BATCH], row[THRESHOLD] = noise, np.rint(batch), threshold
        row[RATIO] = threshold / noise
        for column, rate in ((RATE_A, self.rate_A), (RATE_V, self.rate_V)):
            row[column] = 0.0 if rate.varies else rate.chunk(0)
        return np.repeat(row[None], CHUNK, axis=0)

    def _computed(self, number: int) -> Array:
        table = self._constants.copy()
        with np.errstate(all="ignore"):
            for column, rate in ((RATE_A, self.rate_A), (RATE_V, self.rate_V)):
                if rate.varies:
                    table[:, column] = rate.chunk(number)
            noise: Array | float = table[0, NOISE]
            if self.batch.varies:
                batch = np.rint(self.batch.chunk(number))
                noise = np.sqrt(self.base / batch)
                table[:, BATCH], table[:, NOISE] = batch, noise
            if self.threshold.varies or (self.in_sigmas and self.batch.varies):
                threshold = self.threshold.chunk(number)
                table[:, THRESHOLD] = threshold * noise if self.in_sigmas else threshold
            if self.ratio_varies:
                table[:, RATIO] = _below(table[:, THRESHOLD] / noise)
        if self.steps > MOST_CHECKED:
            taken = table[: self.steps - number * CHUNK]
            allowed = np.isfinite(taken) & (taken >= 0.0) & (taken[:, BATCH] >= 1.0)[:, None]
            if not allowed.all():
                at = number * CHUNK + int(np.argmin(allowed.all(axis=1)))
                raise RunFailed(f"a schedule of the stage has no allowed value at t = {at}")
        # A table that is not to be written would be another type to kernels.
        return table

    @cached_property
    def batches(self) -> tuple[float, float]:
        """The mean batch size, and the largest."""
        _, mean, most = self.batch.extremes()
        return mean, float(np.rint(most))

    @cached_property
    def _some(self) -> Array:
        """The parameters of some spread steps, the first and the last among them."""
        steps = np.unique(np.linspace(0, self.steps - 1, _SOME).astype(np.int64))
        return np.concatenate([self.table(int(step), 1) for step in steps])

    @property
    def ratios(self) -> Array:
        """Thresholds over noise levels, in units of the stage's, at some steps."""
        rows = self._some if self.ratio_varies else self.table(0, 1)
        return np.asarray(rows[:, THRESHOLD] / rows[:, NOISE])

    @property
    def thresholds(self) -> tuple[float, float]:
        """The least and the largest of what thresholds are multiplied by, at some steps."""
        return float(self._some[:, THRESHOLD].min()), float(self._some[:, THRESHOLD].max())

    @property
    def ratio_varies(self) -> bool:
        """Whether thresholds over noise levels differ from step to step."""
        return self.threshold.varies or (self.batch.varies and not self.in_sigmas)


def _below(ratio: Array) -> Array:
    """Return the largest power of ``2^(1/256)`` at most each ratio; 0 for 0.

    Activations of all steps between two such powers are drawn from one law, that of the lower one,
    and thinned. At 6 sigma that is up to a tenth more.
    """
    power = np.floor(_STEPS_OF_RATIO * np.log2(ratio))
    found = np.exp2(power / _STEPS_OF_RATIO)
    return np.where(found > ratio, np.exp2((power - 1.0) / _STEPS_OF_RATIO), found)


def schedule_of_stage(
    stage: StageSpec, base: int, threshold: float | str, *, in_sigmas: bool
) -> StepSchedule | None:
    """Return the schedule of a stage; None if every step has its numbers as they stand.

    Parameters
    ----------
    base : int
        ``dynamics.batch_size``.
    threshold : float or str
        What thresholds are multiplied by.
    in_sigmas : bool
    """
    size = stage.batch_size
    given = (stage.rate_A, stage.rate_V, threshold, base if size is None else size)
    rate_A, rate_V, factor, batch = (Quantity.of(each, stage.steps) for each in given)
    schedule = StepSchedule(stage.steps, rate_A, rate_V, factor, batch, base, in_sigmas)
    return schedule if schedule.varies or size is not None else None
