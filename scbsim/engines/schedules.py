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
    has_threshold : bool
        Whether the stage's rule has a threshold; else ratios of thresholds are not computed.
    """

    steps: int
    rate_A: Quantity
    rate_V: Quantity
    threshold: Quantity
    batch: Quantity
    base: int
    in_sigmas: bool
    has_threshold: bool = True
    _chunks: dict[int, Array] = field(default_factory=dict, init=False, repr=False, compare=False)

    @property
    def varies(self) -> bool:
        """Whether any step differs from another."""
        return any(each.varies for each in self._quantities.values())

    @property
    def _quantities(self) -> dict[int, Quantity]:
        """What is given, by the column that has it; thresholds before they follow the noise."""
        return {
            RATE_A: self.rate_A,
            RATE_V: self.rate_V,
            THRESHOLD: self.threshold,
            BATCH: self.batch,
        }

    def table(self, first: int, count: int) -> Array:
        """Return the parameters of steps, (count, 6): see `kernels.gaussian.schedule`.

        It is a view of what all replicas share, where the steps are of one chunk: read only.

        Parameters
        ----------
        first : int
            Steps of the stage before them.

        Raises
        ------
        RunFailed
            If a step beyond those that the spec's checks read has a value that is not allowed.
        """
        number, at = divmod(first, CHUNK)
        rows = self._chunk(number)[at : at + count]
        if len(rows) == count:
            return rows
        return np.concatenate([rows, self.table(first + len(rows), count - len(rows))])

    def _chunk(self, number: int) -> Array:
        # Replicas on several threads read it. Two that compute a chunk at once get the same.
        found = self._chunks.get(number)
        if found is None:
            found = self._rows.copy()
            for column, values in self._computed(number).items():
                found[:, column] = values
            while len(self._chunks) >= 4:
                self._chunks.pop(next(iter(self._chunks)), None)
            self._chunks[number] = found
        return found

    @cached_property
    def _rows(self) -> Array:
        return np.tile(self.row, (CHUNK, 1))

    @cached_property
    def row(self) -> Array:
        """The parameters that do not vary, (6,); the others are not valid."""
        batch = self.batch.chunk(0) if not self.batch.varies else self.base
        noise = np.sqrt(self.base / np.rint(batch))
        threshold = 1.0 if self.threshold.varies else self.threshold.chunk(0)
        threshold = threshold * noise if self.in_sigmas else threshold
        row = np.zeros(COLUMNS)
        row[NOISE], row[BATCH], row[THRESHOLD] = noise, np.rint(batch), threshold
        row[RATIO] = threshold / noise
        for column, rate in ((RATE_A, self.rate_A), (RATE_V, self.rate_V)):
            row[column] = 0.0 if rate.varies else rate.chunk(0)
        return row

    def _computed(self, number: int) -> dict[int, Array]:
        """Return the columns that vary, each (CHUNK,), at the steps of a chunk."""
        given = {
            column: np.asarray(quantity.chunk(number))
            for column, quantity in self._quantities.items()
            if quantity.varies
        }
        if self.steps > MOST_CHECKED:
            self._require_allowed(given, number)
        with np.errstate(all="ignore"):
            noise: Array | float = self.row[NOISE]
            if self.batch.varies:
                given[BATCH] = np.rint(given[BATCH])
                given[NOISE] = noise = np.sqrt(self.base / given[BATCH])
            if self.in_sigmas and (self.threshold.varies or self.batch.varies):
                factor = given[THRESHOLD] if self.threshold.varies else self.threshold.chunk(0)
                given[THRESHOLD] = factor * np.asarray(noise)
            if self.ratio_varies:
                given[RATIO] = _below(given.get(THRESHOLD, self.row[THRESHOLD]) / noise)
        return given

    def _require_allowed(self, given: dict[int, Array], number: int) -> None:
        wrong = []
        for column, values in given.items():
            taken, least = values[: self.steps - number * CHUNK], float(column == BATCH)
            # Not so of NaN either.
            if not (taken.min() >= least and taken.max() < np.inf):
                wrong.append(int(np.argmin((taken >= least) & (taken < np.inf))))
        if wrong:
            at = number * CHUNK + min(wrong)
            raise RunFailed(f"a schedule of the stage has no allowed value at t = {at}")

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
        return self.has_threshold and (
            self.threshold.varies or (self.batch.varies and not self.in_sigmas)
        )


def _below(ratio: Array) -> Array:
    """Return the largest power of ``2^(1/256)`` at most each ratio; 0 for 0.

    Activations of all steps between two such powers are drawn from one law, that of the lower one,
    and thinned. At 6 sigma that is up to a tenth more.
    """
    power = np.floor(_STEPS_OF_RATIO * np.log2(ratio))
    found = np.exp2(power / _STEPS_OF_RATIO)
    return np.where(found > ratio, np.exp2((power - 1.0) / _STEPS_OF_RATIO), found)


def schedule_of_stage(
    stage: StageSpec, base: int, threshold: float | str | None, *, in_sigmas: bool
) -> StepSchedule | None:
    """Return the schedule of a stage; None if every step has its numbers as they stand.

    Parameters
    ----------
    base : int
        ``dynamics.batch_size``.
    threshold : float, str or None
        What thresholds are multiplied by; None if the rule has none.
    in_sigmas : bool
    """
    size = stage.batch_size
    factor = 1.0 if threshold is None else threshold
    given = (stage.rate_A, stage.rate_V, factor, base if size is None else size)
    rate_A, rate_V, scale, batch = (Quantity.of(each, stage.steps) for each in given)
    has_threshold = threshold is not None
    schedule = StepSchedule(
        stage.steps, rate_A, rate_V, scale, batch, base, in_sigmas, has_threshold
    )
    return schedule if schedule.varies or size is not None else None
