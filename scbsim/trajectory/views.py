"""The spec of a trajectory, and its rows after the first stage."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scbsim.errors import InputError
from scbsim.spec.stored import stored_tables

if TYPE_CHECKING:
    import xarray as xr

    from scbsim.spec import RunSpec


def spec_table_of(run: xr.Dataset) -> dict[str, Any]:
    """Return the spec of a dataset as nested tables."""
    return stored_tables(run.attrs["spec"])


def spec_of(run: xr.Dataset) -> RunSpec:
    """Return the spec of a dataset.

    Raises
    ------
    SpecError
        If it is not valid.
    """
    from scbsim.spec import RunSpec

    return RunSpec.from_dict(spec_table_of(run))


def own_observables(run: xr.Dataset) -> tuple[str, ...]:
    """Return the names of the observables of a user's own in a dataset."""
    return tuple(str(name) for name, data in run.data_vars.items() if "function" in data.attrs)


def step_dimension(run: xr.Dataset, name: str) -> str:
    """Return the dimension of the steps of an observable; raise InputError if it has others."""
    within = [str(each) for each in run[name].dims if each != "replica"]
    varied = [each for each in within if each in run.coords and not each.startswith("step")]
    if len(within) > 1 and varied:
        raise InputError(
            f"{name} differs along {', '.join(varied)}, as in a collection: select one run, as by "
            f".isel({varied[0]}=0); of replicas (dynamics.replicas) the median and a band are drawn"
        )
    if len(within) > 1:
        size = run[name].isel({within[0]: 0}).size // max(1, run.sizes.get("replica", 1))
        raise InputError(
            f"{name} has {size} values at each step, and a plot has one curve for an observable: "
            "have the function return one number, or draw the dataset's variable"
        )
    return within[0]


def since_stage_1(run: xr.Dataset) -> xr.Dataset:
    """Return the rows from the end of the first stage on, normalised ones too.

    Steps are counted from there.
    """
    end = int(run["stage_end"].values[0])
    rows = run.isel(
        step=run["step"].values >= end, normalization=run["normalized_step"].values >= end
    )
    return rows.assign_coords(step=rows["step"] - end).assign(
        normalized_step=rows["normalized_step"] - end
    )
