"""The specs of a comparison: real batches, and two models of noise in their place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from scbsim.errors import Fault, SpecError
from scbsim.spec import RunSpec

if TYPE_CHECKING:
    from scbsim.studies.compare.constants import Constants

BATCH: Final = "batch"
ISOTROPIC: Final = "isotropic"
MATCHED: Final = "matched"
SAMPLED: Final = "sampled"

EVERY: Final = 1
"""Steps between updates of matched levels, unless the spec has matched noise itself."""


def batch_spec(spec: RunSpec, replicas: int | None = None) -> RunSpec:
    """Return the run on real batches: task, start, stages and batch size are those of ``spec``.

    Raises
    ------
    SpecError
        If the spec is not valid for real batches, or there are fewer than two replicas.
    """
    if spec.dynamics.engine == "softmax":
        problem = '"softmax" has no Gaussian counterpart; real batches here have linear attention'
        raise SpecError([Fault("dynamics.engine", problem)])
    tables = spec.to_dict()
    count = spec.dynamics.replicas if replicas is None else replicas
    tables["dynamics"] |= {"engine": BATCH, "replicas": count}
    batch = RunSpec.from_dict(tables)
    if batch.dynamics.replicas < 2:
        problem = f"{batch.dynamics.replicas} is not allowed; medians take 2 or more"
        raise SpecError([Fault("dynamics.replicas", problem)])
    return batch


def models_of(spec: RunSpec) -> tuple[str, str]:
    """Return the models that real batches are compared with: sampled noise if the spec has it."""
    return ISOTROPIC, SAMPLED if spec.noise.model == SAMPLED else MATCHED


def model_spec(batch: RunSpec, model: str, constants: Constants | None = None) -> RunSpec:
    """Return the run of :func:`batch_spec` under a model of noise.

    Gaussian noise is on the dense engine, with every entry; sampled noise on that of ``auto``.
    Isotropic levels are ``constants``, or else those of the spec. Matched noise is that of the spec
    if its noise is matched; else it has covariances, and is updated at every step.

    Raises
    ------
    SpecError
        If the spec is not valid under that noise.
    """
    tables, given = batch.to_dict(), batch.noise
    noise: dict[str, Any] = {}
    if model == MATCHED:
        own = given.model == MATCHED
        noise = {
            "every": given.every if own else EVERY,
            "covariances": given.covariances if own else True,
        }
    elif model == ISOTROPIC:
        levels = constants or given
        noise = {"sigma_A": levels.sigma_A, "sigma_V": levels.sigma_V}
    tables["dynamics"]["engine"] = "auto" if model == SAMPLED else "dense"
    tables["noise"] = {"model": model, **noise}
    return RunSpec.from_dict(tables)
