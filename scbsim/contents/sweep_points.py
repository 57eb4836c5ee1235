"""The runs of a sweep as plots draw them: one curve a point, with a band over its seeds."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import product
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from scbsim.errors import InputError
from scbsim.spec import RunSpec
from scbsim.storage.collection import MEANING
from scbsim.storage.hdf5.formats import COLLECTION

if TYPE_CHECKING:
    import xarray as xr

SEEDS: Final = ("seed", "task.seed", "dynamics.replica")
"""Keys whose values are repetitions of the same point of a sweep."""

_REPLICA: Final = "replica"
_ZIP: Final = "zip"


def is_collection(run: xr.Dataset) -> bool:
    """Return whether a dataset has all runs of a sweep."""
    return run.attrs.get("format") == COLLECTION


def points(found: xr.Dataset, label: str) -> dict[str, xr.Dataset]:
    """Return the runs of a sweep by point: those of different seeds together, as replicas.

    Parameters
    ----------
    found : xarray.Dataset
        All runs, as :func:`scbsim.load` returns them.
    label : str
        The name of a sweep whose runs differ in seeds alone.

    Raises
    ------
    InputError
        If the runs have recorded different steps, so that they share no axis.
    """
    if "step" not in found.dims:
        raise InputError(
            f"{label}: its runs have recorded different steps, and a band needs the same: plot the "
            "files of single runs, or load it and select one by .isel(...)"
        )
    frame = [str(name) for name in found["status"].dims if name != _REPLICA]
    repeated = [name for name in frame if name in SEEDS]
    varied = [name for name in frame if name not in SEEDS]
    runs = {}
    for index in product(*(range(found.sizes[name]) for name in varied)):
        part = found.isel(dict(zip(varied, index, strict=True)))
        keys = {str(key): part[key].item() for key in _keys(part)}
        name = ", ".join(f"{key} = {_short(value)}" for key, value in keys.items())
        runs[name or label] = _as_run(part, repeated, keys)
    return runs


def _keys(part: xr.Dataset) -> Iterator[Any]:
    """Yield the keys of a spec that a point has; those of seeds still have a dimension."""
    return (key for key in part.coords if not part[key].dims and key != _ZIP)


def _short(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _as_run(part: xr.Dataset, repeated: list[str], keys: dict[str, Any]) -> xr.Dataset:
    """Return a point as an ensemble is: its runs, and their replicas, along one dimension."""
    status = [MEANING[int(code)] for code in np.ravel(part["status"].values)]
    tables = json.loads(part.attrs["sweep"])
    tables.pop("sweep", None)
    spec = RunSpec.from_dict(tables).replace(**keys)
    first = {name: float(np.ravel(part[f"task_{name}"].values)[0]) for name in "NTQ"}
    attributes = {
        **{name: int(value) for name, value in first.items() if np.isfinite(value)},
        "spec": spec.to_json(),
        "spread_over": "runs",
    }
    part = part.drop_vars([*keys, _ZIP], errors="ignore")
    if spec.output.normalized_every:
        part = part.drop_dims("normalization", errors="ignore")
    within = [*repeated, *([_REPLICA] if _REPLICA in part.dims else [])]
    if not within:
        return part.assign_attrs(attributes, status=status[0])
    members = part[[name for name, each in part.items() if set(within) <= set(each.dims)]]
    members = members.drop_vars(within, errors="ignore").rename_dims(_plain(within))
    stacked = members.stack({"member": list(_plain(within).values())}, create_index=False)
    run = stacked.rename_dims(member=_REPLICA).transpose(_REPLICA, ...)
    ended = sum(each in ("complete", "diverged") for each in status)
    whole = "complete" if ended == len(status) else f"{ended} of {len(status)} complete"
    each = run.sizes[_REPLICA] // len(status)  # replicas of a run
    run = run.assign(replica_status=(_REPLICA, np.repeat(status, each)))
    return run.assign_attrs(attributes, status=whole)


def _plain(names: list[str]) -> dict[str, str]:
    """Return other names of dimensions, which no coordinate has."""
    return {name: f"axis_{i}" for i, name in enumerate(names)}
