"""Where a run begins in the random stream of its seed: `docs/model.md`, section 7.

A run that starts from another one's last state continues the stream where that run left it. So a
chain of runs with one seed draws no number twice, however long the chain is.
"""

from __future__ import annotations

from dataclasses import dataclass

from scbsim.errors import InputError
from scbsim.spec.engines import ENGINES

MOST_STEPS = 2**40
"""Steps that have an address."""

MOST_SAMPLES = 2**64
"""Samples that have a number."""


def size_of_batches(engine: str, batch_size: int) -> int | None:
    """Return the samples that a step of an engine draws; None if it draws Gaussian noise."""
    return batch_size if engine in ENGINES and ENGINES[engine].samples else None


@dataclass(frozen=True)
class StreamStart:
    """How much of the stream the runs before have used; nothing of a run that starts from signals.

    Attributes
    ----------
    step : int
        Steps of Gaussian noise.
    sample : int
        Samples of real batches.
    """

    step: int = 0
    sample: int = 0

    def after(self, steps: int, batch_size: int | None = None) -> StreamStart:
        """Return where a run continues that starts after so many steps of one that started here.

        Parameters
        ----------
        steps : int
        batch_size : int, optional
            Of real batches; None for Gaussian noise.
        """
        if batch_size is None:
            return StreamStart(self.step + steps, self.sample)
        return StreamStart(self.step, self.first_step(batch_size) * batch_size + steps * batch_size)

    def first_step(self, batch_size: int | None = None) -> int:
        """Return the step, or the batch of that size, with which a run begins to draw."""
        return self.step if batch_size is None else -(-self.sample // batch_size)

    def require_room(self, steps: int, batch_size: int | None = None) -> None:
        """Refuse a run whose numbers would lie beyond the end of the stream.

        Raises
        ------
        InputError
        """
        last = self.first_step(batch_size) + steps
        most = MOST_STEPS if batch_size is None else MOST_SAMPLES // batch_size
        if last > most:
            raise InputError(
                f"init.from: with the runs before it this run would draw {last} "
                f"{'steps' if batch_size is None else 'batches'} from the stream of its seed, "
                f"which has {most}: take another seed, fewer steps, or start from signals"
            )


ORIGIN = StreamStart()
"""Of a run that starts from signals."""

UNKNOWN = StreamStart(MOST_STEPS // 2, MOST_SAMPLES // 2)
"""For children of a run that was itself chained by a version that did not record its start: beyond
all that such runs have drawn."""
