"""Where the samples of a run come from, if they are not drawn."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from scbsim.errors import Fault, InputError, SpecError
from scbsim.sampling.alias_tables import MOST_TOKENS
from scbsim.sampling.batches import NOT_RESTARTABLE, Batches, HandedBatches, Source
from scbsim.sampling.samples_file import opened_batches
from scbsim.spec import RunSpec
from scbsim.spec.base import Values
from scbsim.spec.data_checks import batches_have_one_size, cannot_take_batches
from scbsim.task import Task


def require_takes(spec: RunSpec, batches: Batches | None) -> None:
    """Raise :class:`SpecError`, with every fault, if a run cannot learn from given batches."""
    if batches is None:
        return
    faults = list(cannot_take_batches(Values(spec.dynamics.to_dict())))
    faults += batches_have_one_size([stage.to_dict() for stage in spec.stage])
    if spec.data.from_ is not None:
        faults.append(Fault("data.from", "batches are given as well; give one of the two"))
    if faults:
        raise SpecError(faults, "the spec of a run on given batches")


@contextmanager
def opened_source(
    spec: RunSpec, task: Task, batches: Batches | None, step: int
) -> Iterator[Source | None]:
    """Open the source of a run that goes on at a step; None if its samples are drawn.

    Raises
    ------
    DataError
        If the file of the spec does not have samples of the task.
    InputError
        If the task has too many tokens, or the batches cannot be read from the step on.
    """
    size, given = spec.dynamics.batch_size, batches is not None or spec.data.from_ is not None
    if given and task.N > MOST_TOKENS:
        raise InputError(f"task.N: {task.N} tokens; real batches have up to {MOST_TOKENS}")
    if batches is not None:
        source = HandedBatches(batches, task.T, size)
        if step and not source.restartable:
            raise InputError(f"batches: {NOT_RESTARTABLE}")
        yield source
    elif spec.data.from_ is not None:
        with opened_batches(spec.data.from_, task.T, size, spec.data.epochs) as file:
            yield file
    else:
        yield None
