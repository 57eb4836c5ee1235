"""What a trajectory's attributes and rows hold: its spec, and its later stages alone."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import xarray as xr

    from scbsim.spec import RunSpec


def spec_table_of(run: xr.Dataset) -> dict[str, Any]:
    """Return the tables of the spec that a dataset has among its attributes."""
    table: dict[str, Any] = json.loads(run.attrs["spec"])
    return table


def spec_of(run: xr.Dataset) -> RunSpec:
    """Return the spec that a dataset has among its attributes.

    Raises
    ------
    SpecError
        If what stands there is no spec.
    """
    from scbsim.spec import RunSpec

    return RunSpec.from_dict(spec_table_of(run))


def since_stage_1(run: xr.Dataset) -> xr.Dataset:
    """Return the rows of a run from the end of its first stage on, with steps counted from there.

    Normalised rows too: those along the run, and that of the end.
    """
    end = int(run["stage_end"].values[0])
    rows = run.isel(
        step=run["step"].values >= end, normalization=run["normalized_step"].values >= end
    )
    return rows.assign_coords(step=rows["step"] - end).assign(
        normalized_step=rows["normalized_step"] - end
    )
