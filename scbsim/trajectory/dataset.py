"""The trajectory of a run as an `xarray.Dataset`, from memory or from a file."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np

from scbsim.observables import STATUS
from scbsim.state import State
from scbsim.task import Task
from scbsim.trajectory.header import RunHeader
from scbsim.trajectory.own_observables import OwnObservable
from scbsim.trajectory.own_rows import OwnTable, variables_of
from scbsim.trajectory.tables import REASONS, Tables, filled_rows

if TYPE_CHECKING:
    import xarray

    Trajectory: TypeAlias = xarray.Dataset
else:
    Trajectory = Any


LAST_STATE = "last_state"
"""The entry of a dataset's ``encoding`` that has the `LastState` of a run in memory."""


class LastState(NamedTuple):
    """The state after the last step of a run."""

    step: int
    state: State
    task: Task


def attributes_of(header: RunHeader) -> dict[str, Any]:
    """Return the attributes of the dataset of a run in memory."""
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
    long_names: Mapping[str, str],
    columns: Mapping[str, Any],
    tables: Tables,
    status: str,
    attributes: dict[str, Any],
    own: tuple[Sequence[OwnObservable], Mapping[str, OwnTable]] = ((), {}),
) -> Trajectory:
    """Build the dataset of a run.

    Parameters
    ----------
    first : int
        Noise stream of the first replica.
    long_names : mapping
        Every observable with its description.
    columns : mapping
        ``step``, (n,) int64, ``stage`` and every observable, (R, n), or (n,) of a single run:
        arrays, or xarray's lazy ones.
    status : str
        The status of the run.
    own : tuple
        The observables of a user's own, and their tables by dimension.
    """
    import xarray

    R = len(tables.status)
    by_replica = ("replica",) if R > 1 else ()
    along, at, of_stages = (
        (*by_replica, name) for name in ("step", "normalization", "stage_index")
    )

    def filled(table: Any, rows: int) -> Any:
        return table[:rows].T if R > 1 else table[:rows, 0]

    variables: dict[str, Any] = {"stage": (along, columns["stage"], {"long_name": "stage, from 0"})}
    for name, long_name in long_names.items():
        variables[name] = (along, columns[name], {"long_name": long_name, "units": "1"})
    rows = filled_rows(tables.normalized["step"])
    for name, table in tables.normalized.items():
        variables[f"normalized_{name}"] = (at, filled(table, rows))
    rows = filled_rows(tables.stages["end_step"])
    reasons = np.array([*REASONS, ""], "U8")[tables.stages["reason"]]
    variables["stage_end"] = (of_stages, filled(tables.stages["end_step"], rows))
    variables["stage_reason"] = (of_stages, filled(reasons, rows))
    coordinates: dict[str, Any] = {"step": ("step", columns["step"], {"long_name": "steps taken"})}
    others, of_others = variables_of(*own, columns["step"], R)
    variables, coordinates = variables | others, coordinates | of_others
    if R > 1:
        words = np.array([STATUS[code] for code in tables.status.tolist()], "U8")
        variables["replica_status"] = ("replica", words, {"long_name": "how it ended"})
        streams = np.arange(first, first + R)
        coordinates["replica"] = ("replica", streams, {"long_name": "index of the noise stream"})
    return xarray.Dataset(variables, coords=coordinates, attrs={"status": status, **attributes})
