"""The trajectory of a run as an `xarray.Dataset`: one form, from memory and from a file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from scbsim.observables import NAMES, OBSERVABLES
from scbsim.trajectory.header import RunHeader

if TYPE_CHECKING:
    import xarray

    Trajectory: TypeAlias = xarray.Dataset
else:
    Trajectory = Any


REASONS = ("steps", "signal", "diverged")
"""What ends a stage; the file keeps the index."""


@dataclass(frozen=True)
class StageEnd:
    """When a stage ended, and why: ``steps``, ``signal`` or ``diverged``."""

    stage: int
    step: int
    reason: str


@dataclass(frozen=True)
class NormalizedRow:
    """Observables of the normalised matrices.

    Attributes
    ----------
    step, stage : int
        When.
    count : int
        Columns in which nothing stood out.
    row : (9,) float64
        In the order of `scbsim.observables.OBSERVABLES`.
    final : bool
        Whether they are those of a copy of the last state.
    """

    step: int
    stage: int
    count: int
    row: NDArray[np.float64]
    final: bool = False


@dataclass
class Tables:
    """The small tables of a run."""

    stages: list[StageEnd] = field(default_factory=list)
    normalized: list[NormalizedRow] = field(default_factory=list)


def attributes_of(header: RunHeader) -> dict[str, Any]:
    """Return the attributes of the dataset of a run that was kept in memory."""
    return {
        **task_attributes(header),
        "engine": header.provenance["engine"],
        "spec": header.spec.to_json(),
        "provenance": json.dumps(header.provenance),
        "run_uuid": header.run_uuid,
        "created_utc": header.created_utc,
    }


def task_attributes(header: RunHeader) -> dict[str, int | float]:
    """Return the numbers of the task that pictures and tables need."""
    task = header.task
    return {"N": task.N, "T": task.T, "Q": task.Q, "K_P": task.K_P, "K_Q": task.K_Q}


def assemble(
    columns: Mapping[str, Any], tables: Tables, status: str, attributes: dict[str, Any]
) -> Trajectory:
    """Build the dataset.

    Parameters
    ----------
    columns : mapping
        ``step``, (n,) int64, and ``stage`` and every observable, (n,): arrays, or xarray's lazy
        ones.
    tables : Tables
    status : str
    attributes : dict
    """
    import xarray

    variables: dict[str, Any] = {
        "stage": ("step", columns["stage"], {"long_name": "stage, from 0"})
    }
    for o in OBSERVABLES:
        variables[o.name] = ("step", columns[o.name], {"long_name": o.long_name, "units": "1"})
    at = "normalization"
    normalized = tables.normalized
    for name in ("step", "stage", "count"):
        values = np.array([getattr(row, name) for row in normalized], np.int64)
        variables[f"normalized_{name}"] = (at, values)
    for i, name in enumerate(NAMES):
        values = np.array([row.row[i] for row in normalized], np.float64)
        variables[f"normalized_{name}"] = (at, values)
    # A file that lacks its first rows may lack the ends of the first stages.
    count = max((end.stage for end in tables.stages), default=-1) + 1
    ends, reasons = np.full(count, -1, np.int64), np.full(count, "", "U8")
    for end in tables.stages:
        ends[end.stage], reasons[end.stage] = end.step, end.reason
    variables["stage_end"] = ("stage_index", ends)
    variables["stage_reason"] = ("stage_index", reasons)
    return xarray.Dataset(
        variables,
        coords={"step": ("step", columns["step"], {"long_name": "steps taken"})},
        attrs={"status": status, **attributes},
    )
