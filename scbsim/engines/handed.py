"""Gradients of the engines on real batches on samples from elsewhere (docs/data.md)."""

from __future__ import annotations

from scbsim.kernels.batch.handed import add_samples, end_round, no_tables
from scbsim.kernels.batch.workspace import Work
from scbsim.sampling.batches import Read, Source
from scbsim.sampling.samples import stored
from scbsim.task import Task

_PART_TOKENS = 2**22
"""Most tokens that are read at once, unless one sample has more."""

KERNELS = ("add_samples", "end_round", "step_on_sums")


class Handed:
    """Sums the gradients over the batches of a source.

    Parameters
    ----------
    source : Source
    task : Task
        With at most 2**16 tokens.
    """

    def __init__(self, source: Source, task: Task) -> None:
        self._source, self._task = source, task
        self._none = no_tables(task.T)
        self._error: Exception | None = None

    @property
    def failed(self) -> bool:
        """Whether an error was kept."""
        return self._error is not None

    def sum_gradients(self, number: int, work: Work, *, keep_error: bool = False) -> float | None:
        """Sum the gradients over a batch; return its mean loss, or None if there is none.

        With ``keep_error`` an error is raised by the next call.
        """
        if self._error is not None:
            raise self._error
        try:
            return self._summed(number, work)
        except Exception as error:
            if not keep_error:
                raise
            self._error = error
            return None

    def _summed(self, number: int, work: Work) -> float | None:
        read = self._source.batch(number)
        if read is None:
            return None
        name, loss = self._source.name(number), 0.0
        for done in range(0, work.batch_size, work.order.size):
            size = min(work.order.size, work.batch_size - done)
            loss += self._add_round(read, range(done, done + size), work, name)
        return loss / work.batch_size

    def _add_round(self, read: Read, samples: range, work: Work, name: str) -> float:
        loss = 0.0
        N, step = self._task.N, max(1, _PART_TOKENS // self._task.T)
        for i in range(0, len(samples), step):
            here = samples[i : i + step]
            there = f"{name} from its sample {here.start} on" if here.start else name
            tokens, heads = stored(read(here.start, here.stop), N, there)
            rows = slice(i, i + len(here))
            part = work._replace(
                tokens=tokens, heads=heads, u=work.u[rows], r=work.r[rows], w=work.w[rows]
            )
            loss = add_samples(here.start == 0, here == samples, part, self._none)
        # A round in parts is ended when all of it is there.
        return loss if step >= len(samples) else end_round(len(samples), samples.start == 0, work)
