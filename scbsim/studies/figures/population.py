"""The population process that figures show beside their runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from scbsim.studies.figures.members import members
from scbsim.trajectory.views import since_stage_1, spec_of

if TYPE_CHECKING:
    import xarray as xr

    from scbsim.spec import RunSpec
    from scbsim.studies.figures.members import Members


def population(spec: RunSpec) -> RunSpec:
    """Return the spec of the population process with the task, start and rates of ``spec``."""
    from scbsim.spec import RunSpec

    table = spec.to_dict()
    table["dynamics"] |= {"engine": "population", "rule": "sgd", "replicas": 1}
    table["noise"] = {"model": "none"}
    kept = ("steps", "rate_A", "rate_V")
    table["stage"] = [{key: stage[key] for key in kept if key in stage} for stage in table["stage"]]
    return RunSpec.from_dict(table)


def population_since_stage_1(runs: Members) -> xr.Dataset:
    """Return the population process that starts from a run's signals at the end of stage 1.

    Of several runs, from the medians of their signals.
    """
    from scbsim.run.simulate import simulate

    starts, spec = [since_stage_1(run) for run in members(runs)], spec_of(members(runs)[0])
    table = spec.to_dict()
    table["init"] = {
        name: float(np.median([start[name].values[0] for start in starts]))
        for name in ("alpha_A", "alpha_V")
    }
    table["stage"] = table["stage"][1:]
    table["output"].pop("normalized_every", None)
    return simulate(population(type(spec).from_dict(table)))
