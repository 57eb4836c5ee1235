"""Checks of runs that learn from given samples."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from scbsim.errors import Fault
from scbsim.spec.engines import ENGINES
from scbsim.util.text import show

if TYPE_CHECKING:
    from scbsim.spec.base import Values


def data_are_for_real_batches(run: Values) -> Iterator[Fault]:
    """Check that samples from a file are for a single run of an engine that learns from them."""
    if run["data"]["from"] is not None:
        yield from cannot_take_batches(run["dynamics"])
        yield from batches_have_one_size(run["stage"])


def batches_have_one_size(stages: Sequence[Mapping[str, Any]]) -> Iterator[Fault]:
    """Yield what keeps stages from learning from given samples."""
    for i, stage in enumerate(stages):
        if stage.get("batch_size") is not None:
            problem = "given samples come in batches of dynamics.batch_size; leave it out"
            yield Fault(f"stage.{i}.batch_size", problem)


def cannot_take_batches(dynamics: Values) -> Iterator[Fault]:
    """Yield what keeps a run from learning from given samples."""
    names = [engine.name for engine in ENGINES.values() if engine.samples]
    if "engine" in dynamics and dynamics["engine"] not in names:
        takers = " and ".join(names)
        problem = f"{show(dynamics['engine'])} does not learn from given samples; {takers} do"
        yield Fault("dynamics.engine", problem)
    if "replicas" in dynamics and dynamics["replicas"] > 1:
        yield Fault(
            "dynamics.replicas",
            f"{dynamics['replicas']} replicas would all learn the same from the given samples; "
            "only 1 is allowed",
        )
