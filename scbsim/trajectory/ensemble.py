"""The trajectory of an ensemble as an `xarray.Dataset`: that of a run with a dimension more."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scbsim.observables import NAMES, OBSERVABLES, STATUS, STATUS_CODE
from scbsim.spec import RunSpec
from scbsim.trajectory.single import REASONS, NormalizedRow, StageEnd, Trajectory

COUNTS = ("step", "stage", "count")


class EnsembleTables:
    """The small tables of an ensemble, with a column for each replica.

    Parameters
    ----------
    R : int
        How many.
    normalizes : sequence of bool
        Whether each stage does at its end.

    Attributes
    ----------
    stages : dict of (S, R) int64
        ``end_step`` and ``reason`` of each stage; -1 where it has not ended.
    normalized : dict of (M, R) int64 and float64
        ``step``, ``stage``, ``count`` and the observables of each normalisation: one for each stage
        that normalises, in order, then that of the end. -1 and NaN where there was none.
    status : (R,) int64
        Codes of `scbsim.observables.STATUS`.
    """

    def __init__(self, R: int, normalizes: Sequence[bool]) -> None:
        normalizing = [stage for stage, does in enumerate(normalizes) if does]
        self._slot = {stage: slot for slot, stage in enumerate(normalizing)}
        S, M = len(normalizes), len(normalizing) + 1
        self.stages = {name: np.full((S, R), -1) for name in ("end_step", "reason")}
        self.normalized: dict[str, NDArray[Any]] = {name: np.full((M, R), -1) for name in COUNTS}
        self.normalized |= {name: np.full((M, R), np.nan) for name in NAMES}
        self.status = np.full(R, STATUS_CODE["running"])

    @classmethod
    def of(cls, spec: RunSpec) -> EnsembleTables:
        """Return the tables of an ensemble before its first step."""
        normalizes = [stage.normalize_level is not None for stage in spec.stage]
        return cls(spec.dynamics.replicas, normalizes)

    def stage_ended(self, end: StageEnd, replica: int) -> None:
        """Receive the step at which a stage of a replica ended."""
        self.stages["end_step"][end.stage, replica] = end.step
        self.stages["reason"][end.stage, replica] = REASONS.index(end.reason)

    def normalize(self, row: NormalizedRow, replica: int) -> None:
        """Receive the observables of the normalised matrices of a replica."""
        slot = -1 if row.final else self._slot[row.stage]
        for name in COUNTS:
            self.normalized[name][slot, replica] = getattr(row, name)
        for name, value in zip(NAMES, row.row, strict=True):
            self.normalized[name][slot, replica] = value

    def ended(self, replica: int, status: str) -> None:
        """Receive how a replica ended."""
        self.status[replica] = STATUS_CODE[status]

    def close(self, status: str) -> None:
        """Receive how the run ended: so did the replicas that had not before."""
        self.status[self.status == STATUS_CODE["running"]] = STATUS_CODE[status]


def assemble_ensemble(
    first: int,
    columns: Mapping[str, Any],
    tables: EnsembleTables,
    status: str,
    attributes: dict[str, Any],
) -> Trajectory:
    """Build the dataset.

    Parameters
    ----------
    first : int
        Noise stream of the first replica.
    columns : mapping
        As of a single run, but (R, n) where there those are (n,); ``step`` is (n,).
    tables : EnsembleTables
    status : str
        Of the run.
    attributes : dict
    """
    import xarray

    along, at = ("replica", "step"), ("replica", "normalization")
    variables: dict[str, Any] = {"stage": (along, columns["stage"], {"long_name": "stage, from 0"})}
    for o in OBSERVABLES:
        variables[o.name] = (along, columns[o.name], {"long_name": o.long_name, "units": "1"})
    there = _used(tables.normalized["step"])
    for name, table in tables.normalized.items():
        variables[f"normalized_{name}"] = (at, table[:there].T)
    there = _used(tables.stages["end_step"])
    reasons = np.array([*REASONS, ""], "U8")[tables.stages["reason"][:there].T]
    variables["stage_end"] = (("replica", "stage_index"), tables.stages["end_step"][:there].T)
    variables["stage_reason"] = (("replica", "stage_index"), reasons)
    words = [STATUS[code] for code in tables.status.tolist()]
    variables["replica_status"] = ("replica", np.array(words, "U8"), {"long_name": "how it ended"})
    streams = np.arange(first, first + len(words))
    return xarray.Dataset(
        variables,
        coords={
            "step": ("step", columns["step"], {"long_name": "steps taken"}),
            "replica": ("replica", streams, {"long_name": "index of the noise stream"}),
        },
        attrs={"status": status, **attributes},
    )


def last_rows(trajectory: Trajectory) -> NDArray[np.float64]:
    """Return the last observables of each replica of an ensemble, (R, 9); NaN if it has none."""
    taken = trajectory["stage"].values >= 0
    last = taken.shape[1] - 1 - np.argmax(taken[:, ::-1], axis=1) if taken.shape[1] else None
    if last is None:
        return np.full((len(taken), len(NAMES)), np.nan)
    each = np.arange(len(taken))
    return np.stack([trajectory[name].values[each, last] for name in NAMES], axis=1)


def _used(table: NDArray[np.int64]) -> int:
    """Return up to which row any replica has something."""
    rows = np.flatnonzero((table >= 0).any(axis=1))
    return int(rows[-1]) + 1 if len(rows) else 0
