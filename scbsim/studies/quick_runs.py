"""Specs of the runs of a quick figure, and of the replicas of a run."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from scbsim.studies.run_files import RunOptions, holds

if TYPE_CHECKING:
    from scbsim.spec import RunSpec

Key = TypeVar("Key", bound=Hashable)


def first_half(spec: RunSpec) -> RunSpec:
    """Return the spec with half the steps of its last stage."""
    last = len(spec.stage) - 1
    return spec.replace(**{f"stage.{last}.steps": max(1, spec.stage[last].steps // 2)})


def as_replica(spec: RunSpec, r: int) -> RunSpec:
    """Return the spec of another replica, ``r`` after its own."""
    return spec.replace(**{"dynamics.replica": spec.dynamics.replica + r}) if r else spec


def extended(
    quick: Mapping[Key, RunSpec],
    full: Sequence[Mapping[Key, RunSpec]],
    files: Sequence[Mapping[Key, Path]],
    options: RunOptions,
) -> dict[Key, RunSpec]:
    """Return the specs of a quick figure, in full if the folder has full runs already.

    ``full`` and ``files`` are by replica. If one of the files has a full run, all runs are made in
    full. If the folder has all runs of the full figure, it becomes the full figure.
    """
    there = {
        key
        for specs, paths in zip(full, files, strict=True)
        for key, spec in specs.items()
        if holds(spec, paths[key])
    }
    if not there & quick.keys():
        return dict(quick)
    if notify := options.get("notify"):
        folder = files[0][next(iter(quick))].parent
        notify(f"{folder} has full runs already: --quick uses them as they are")
    all_of_it = there == full[0].keys()
    return {key: spec for key, spec in full[0].items() if key in quick or all_of_it}
