"""Where a run starts in the random stream of its seed: `docs/model.md`, section 7.

A run that starts from the last state of another continues that run's stream. So a chain of runs
with one seed never draws the same number twice.
"""

from __future__ import annotations

from dataclasses import dataclass

from scbsim.errors import InputError
from scbsim.spec.engines import ENGINES

LAYOUT = 2
"""The layout of normals in the stream; it was 1 before a step was drawn in rows of 64."""

MOST_STEPS = 2**40
"""Number of steps with an address in the stream."""

MOST_SAMPLES = 2**64
"""Number of samples with an address in the stream."""


def size_of_batches(engine: str, batch_size: int) -> int | None:
    """Return the samples per step of an engine; None if it draws Gaussian noise."""
    return batch_size if engine in ENGINES and ENGINES[engine].samples else None


@dataclass(frozen=True)
class StreamStart:
    """How much of the stream earlier runs of the chain have used.

    Attributes
    ----------
    step : int
        Steps of Gaussian noise.
    sample : int
        Samples of real batches.
    """

    step: int = 0
    sample: int = 0

    def after(
        self, steps: int, batch_size: int | None = None, samples: int | None = None
    ) -> StreamStart:
        """Return the start of a run that continues after ``steps`` steps of a run from here.

        ``batch_size`` is that of real batches; None for Gaussian noise. ``samples`` is how many of
        the seed are drawn, if batches had other sizes.
        """
        if batch_size is None:
            return StreamStart(self.step + steps, self.sample)
        if samples is not None:
            return StreamStart(self.step, samples)
        return StreamStart(self.step, self.first_step(batch_size) * batch_size + steps * batch_size)

    def first_step(self, batch_size: int | None = None) -> int:
        """Return the number of the first step, or of the first batch of that size."""
        return self.step if batch_size is None else -(-self.sample // batch_size)

    def require_room(self, steps: int, batch_size: int | None = None, largest: int = 1) -> None:
        """Raise InputError if a run would draw beyond the end of the stream.

        ``largest`` is the largest batch, if it is not ``batch_size``.
        """
        if batch_size is not None and largest > batch_size:
            steps *= -(-largest // batch_size)
        last = self.first_step(batch_size) + steps
        most = MOST_STEPS if batch_size is None else MOST_SAMPLES // batch_size
        if last > most:
            raise InputError(
                f"init.from: with the runs before it this run would draw {last} "
                f"{'steps' if batch_size is None else 'batches'} from the stream of its seed, "
                f"which has {most}: take another seed, fewer steps, or start from signals"
            )


ORIGIN = StreamStart()
"""The start of a run that starts from signals."""

UNKNOWN = StreamStart(MOST_STEPS // 2, MOST_SAMPLES // 2)
"""For a continuation of a run whose own start was not recorded, by an earlier version of scbsim. It
is beyond all numbers that such runs can have drawn."""
