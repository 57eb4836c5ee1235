"""compare(): the runs, the pictures and the numbers of a comparison, in one folder."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from scbsim._version import __version__
from scbsim.spec import RunSpec
from scbsim.storage.hdf5.formats import COMPARISON
from scbsim.studies.compare.models import BATCH, GAUSSIAN, batch_spec, gaussian_spec
from scbsim.studies.recipe import made
from scbsim.studies.run_files import Stop, Tell, obtain
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
    overwrite: bool = False,
    threads: int | None = None,
    progress: bool = False,
    tell: Tell = lambda _: None,
    stop: Stop | None = None,
) -> xr.Dataset:
    """Run a spec on real batches and under Gaussian noise of both models, and compare them.

    Task, start, stages and batch size are the same. Finished runs in the folder are kept and
    partial ones resumed.

    Parameters
    ----------
    spec : RunSpec
        Of any engine but ``softmax``; thresholds are given as themselves.
    folder : path
        For ``batch.h5``, ``isotropic.h5``, ``matched.h5`` and ``compare.h5``; made if needed.
    replicas : int, optional
        Runs of each model; the spec's unless given.
    fit : bool
        Whether the isotropic levels are fitted by :func:`scbsim.studies.compare.constants.fitted`,
        or the spec's ``sigma_A`` and ``sigma_V``. These are taken, too, if there is nothing to fit.
    overwrite : bool
        Run again what is already in the folder.
    threads : int, optional
        Threads to compute with.
    progress : bool
        Say on stderr how far each run is.
    tell : callable
        Is given a line for each file that is kept or started again.
    stop : callable, optional
        Asked between blocks of steps; the run in hand ends early when it says True.

    Returns
    -------
    xarray.Dataset
        As :func:`scbsim.studies.compare.gaps.comparison` says, and what ``compare.h5`` has.

    Raises
    ------
    SpecError
        If the spec does not hold for all three; nothing has run then.
    OutputError
        If a file in the folder holds another run.
    RunFailed
        If another process makes the same comparison in the folder.
    Stopped
        If ``stop`` said so.
    """
    # All that can be wrong with it, before anything runs.
    batch = batch_spec(spec, replicas)
    specs = {BATCH: batch} | {model: gaussian_spec(batch, model) for model in GAUSSIAN}
    folder = made(resolved(folder), "comparison")

    from scbsim.storage.hdf5.lock import held

    with held(folder / NAME):
        how: dict[str, Any] = {"overwrite": overwrite, "threads": threads, "progress": progress}
        found = _compared(specs, folder, fit, stop, how | {"tell": tell})
        _write(found, folder / NAME)
    return found


def _compared(
    specs: dict[str, RunSpec], folder: Path, fit: bool, stop: Stop | None, how: dict[str, Any]
) -> xr.Dataset:
    from scbsim.studies.compare.constants import fitted
    from scbsim.studies.compare.gaps import comparison

    batch = specs[BATCH]
    runs, constants = {}, None
    for model in (BATCH, "matched", "isotropic"):
        if model == "isotropic" and fit:
            constants = fitted(specs["matched"], how["threads"], stop)
            specs[model] = gaussian_spec(batch, model, constants)
        runs[model] = obtain(specs[model], folder / f"{model}.h5", stop=stop, **how)
    noise = specs["isotropic"].noise
    return comparison(runs).assign_attrs(
        spec=json.dumps(batch.to_dict()),
        sigma_A=noise.sigma_A,
        sigma_V=noise.sigma_V,
        fitted=str(constants is not None).lower(),
        every=specs["matched"].noise.every,
        replicas=batch.dynamics.replicas,
        K_Q=runs[BATCH].attrs["K_Q"],
        K_P=runs[BATCH].attrs["K_P"],
    )


def _write(found: xr.Dataset, path: Path) -> None:
    """Put it in place whole: it is made of the runs, and could be made again."""
    from io import BytesIO

    from scbsim.util.atomic import atomic_write

    image = BytesIO()
    found = found.assign_attrs(format=COMPARISON, schema_version="1.0", code_version=__version__)
    found.to_netcdf(image, engine="h5netcdf")
    with atomic_write(path) as file:
        file.write(image.getvalue())
