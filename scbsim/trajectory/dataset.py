"""The trajectory of a run as an `xarray.Dataset`: one form, from memory and from a file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from scbsim.observables import OBSERVABLES, STATUS
from scbsim.trajectory.header import RunHeader
from scbsim.trajectory.tables import REASONS, Tables, used

if TYPE_CHECKING:
    import xarray

    Trajectory: TypeAlias = xarray.Dataset
else:
    Trajectory = Any


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
    first: int,
    columns: Mapping[str, Any],
    tables: Tables,
    status: str,
    attributes: dict[str, Any],
) -> Trajectory:
    """Build the dataset; that of a single run has no dimension ``replica``.

    Parameters
    ----------
    first : int
        Noise stream of the first replica.
    columns : mapping
        ``step``, (n,) int64, and ``stage`` and every observable, (R, n), or (n,) of a single run:
        arrays, or xarray's lazy ones.
    tables : Tables
    status : str
        Of the run.
    attributes : dict
    """
    import xarray

    R = len(tables.status)
    of_replicas = ("replica",) if R > 1 else ()

    def by_replica(table: Any, there: int) -> Any:
        return table[:there].T if R > 1 else table[:there, 0]

    along, at, of_stages = (
        (*of_replicas, name) for name in ("step", "normalization", "stage_index")
    )
    variables: dict[str, Any] = {"stage": (along, columns["stage"], {"long_name": "stage, from 0"})}
    for o in OBSERVABLES:
        variables[o.name] = (along, columns[o.name], {"long_name": o.long_name, "units": "1"})
    there = used(tables.normalized["step"])
    for name, table in tables.normalized.items():
        variables[f"normalized_{name}"] = (at, by_replica(table, there))
    there = used(tables.stages["end_step"])
    reasons = np.array([*REASONS, ""], "U8")[tables.stages["reason"]]
    variables["stage_end"] = (of_stages, by_replica(tables.stages["end_step"], there))
    variables["stage_reason"] = (of_stages, by_replica(reasons, there))
    coordinates = {"step": ("step", columns["step"], {"long_name": "steps taken"})}
    if R > 1:
        words = np.array([STATUS[code] for code in tables.status.tolist()], "U8")
        variables["replica_status"] = ("replica", words, {"long_name": "how it ended"})
        streams = np.arange(first, first + R)
        coordinates["replica"] = ("replica", streams, {"long_name": "index of the noise stream"})
    return xarray.Dataset(variables, coords=coordinates, attrs={"status": status, **attributes})
