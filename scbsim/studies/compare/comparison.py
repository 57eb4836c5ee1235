"""compare(): the runs and the gaps of a comparison, in one folder."""

from __future__ import annotations

import json
import os
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Final, Unpack

from scbsim._version import __version__
from scbsim.spec import RunSpec
from scbsim.storage.hdf5.formats import COMPARISON
from scbsim.studies.compare.models import (
    BATCH,
    ISOTROPIC,
    MATCHED,
    batch_spec,
    model_spec,
    models_of,
)
from scbsim.studies.recipe import make_folder
from scbsim.studies.run_files import RunOptions, obtain
from scbsim.util.atomic import atomic_write
from scbsim.util.paths import resolved

if TYPE_CHECKING:
    import xarray as xr

NAME: Final = "compare.h5"


def compare(
    spec: RunSpec,
    folder: str | os.PathLike[str],
    *,
    replicas: int | None = None,
    fit: bool = True,
    **options: Unpack[RunOptions],
) -> xr.Dataset:
    """Run a spec on real batches and under two models of their noise, and compare the runs.

    The models are isotropic and matched noise; sampled noise takes the place of matched noise if
    the spec has it. Task, start, stages and batch size are the same. Finished runs in the folder
    are kept and partial ones resumed.

    Parameters
    ----------
    spec : RunSpec
        Of any engine except ``softmax``, with ``threshold``, not ``threshold_sigmas``.
    folder : path
        For ``batch.h5``, ``isotropic.h5``, ``matched.h5`` or ``sampled.h5``, and ``compare.h5``;
        created if needed.
    replicas : int, optional
        Replicas of each model, instead of the spec's.
    fit : bool
        Fit the isotropic levels with :func:`scbsim.studies.compare.constants.fitted`. The spec's
        ``sigma_A`` and ``sigma_V`` are used if ``fit`` is false or no replica can be fitted.
    **options
        See :class:`scbsim.studies.run_files.RunOptions`.

    Returns
    -------
    xarray.Dataset
        See :func:`scbsim.studies.compare.gaps.comparison`. ``compare.h5`` holds the same.

    Raises
    ------
    SpecError
        If the spec is not valid for all three runs; this is checked before anything runs.
    OutputError
        If a file in the folder holds another run.
    RunFailed
        If another process makes the same comparison in the folder.
    Stopped
        If ``stop`` returned True.
    """
    batch = batch_spec(spec, replicas)
    specs = {BATCH: batch} | {model: model_spec(batch, model) for model in models_of(spec)}
    path = make_folder(resolved(folder), "comparison") / NAME

    from scbsim.storage.hdf5.lock import held

    with held(path):
        found = _compared(specs, path.parent, fit, options)
        image = BytesIO()
        stamp = {"format": COMPARISON, "schema_version": "1.0", "code_version": __version__}
        found.assign_attrs(stamp).to_netcdf(image, engine="h5netcdf")
        with atomic_write(path) as file:
            file.write(image.getvalue())
    return found


def _compared(
    specs: dict[str, RunSpec], folder: Path, fit: bool, options: RunOptions
) -> xr.Dataset:
    from scbsim.studies.compare.constants import fitted
    from scbsim.studies.compare.gaps import comparison

    batch, matched = specs[BATCH], model_spec(specs[BATCH], MATCHED)
    runs, constants = {}, None
    # The isotropic levels are fitted once the other runs are done.
    for model in sorted(specs, key=lambda model: model == ISOTROPIC):
        if model == ISOTROPIC and fit:
            constants = fitted(matched, options.get("threads"), options.get("stop"))
            specs[model] = model_spec(batch, model, constants)
        runs[model] = obtain(specs[model], folder / f"{model}.h5", **options)
    noise = specs[ISOTROPIC].noise
    return comparison({model: runs[model] for model in specs}).assign_attrs(
        spec=json.dumps(batch.to_dict()),
        sigma_A=noise.sigma_A,
        sigma_V=noise.sigma_V,
        fitted=str(constants is not None).lower(),
        every=matched.noise.every,
        replicas=batch.dynamics.replicas,
        K_Q=runs[BATCH].attrs["K_Q"],
        K_P=runs[BATCH].attrs["K_P"],
    )
