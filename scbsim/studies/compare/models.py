"""The three runs of a comparison: one spec under real batches and under two models of noise."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from scbsim.errors import Fault, SpecError
from scbsim.spec import RunSpec

if TYPE_CHECKING:
    from scbsim.studies.compare.constants import Constants

BATCH: Final = "batch"
GAUSSIAN: Final = ("isotropic", "matched")
MODELS: Final = (BATCH, *GAUSSIAN)

EVERY: Final = 1
"""Steps from one renewal of matched levels to the next, where the spec is of another model."""


def batch_spec(spec: RunSpec, replicas: int | None = None) -> RunSpec:
    """Return the run on real batches: task, start, stages and batch size are those of ``spec``.

    Parameters
    ----------
    spec : RunSpec
    replicas : int, optional
        In place of the spec's.

    Raises
    ------
    SpecError
        If the spec does not hold on real batches, or there are not two replicas at least.
    """
    if spec.dynamics.engine == "softmax":
        problem = '"softmax" has no Gaussian counterpart; real batches here have linear attention'
        raise SpecError([Fault("dynamics.engine", problem)])
    count = spec.dynamics.replicas if replicas is None else replicas
    made = _changed(spec, engine=BATCH, replicas=count)
    if made.dynamics.replicas < 2:
        problem = f"{made.dynamics.replicas} is not allowed; medians take 2 or more"
        raise SpecError([Fault("dynamics.replicas", problem)])
    return made


def gaussian_spec(batch: RunSpec, model: str, constants: Constants | None = None) -> RunSpec:
    """Return the same run under Gaussian noise, on the engine that has every entry.

    Parameters
    ----------
    batch : RunSpec
        What :func:`batch_spec` returned.
    model : {"isotropic", "matched"}
        Matched levels are renewed as the spec says if it is of that model, else at every step.
    constants : Constants, optional
        Levels of the isotropic model; the spec's unless given.

    Raises
    ------
    SpecError
        If the spec does not hold under Gaussian noise.
    """
    noise: dict[str, Any] = {"model": model}
    if model == "matched":
        noise["every"] = batch.noise.every if batch.noise.model == "matched" else EVERY
    elif constants is not None:
        noise |= {"sigma_A": constants.sigma_A, "sigma_V": constants.sigma_V}
    else:
        noise |= {"sigma_A": batch.noise.sigma_A, "sigma_V": batch.noise.sigma_V}
    return _changed(batch, engine="dense", noise=noise)


def _changed(spec: RunSpec, *, noise: dict[str, Any] | None = None, **dynamics: Any) -> RunSpec:
    tables = spec.to_dict()
    tables["dynamics"] |= dynamics
    if noise is not None:
        tables["noise"] = noise
    return RunSpec.from_dict(tables)
