"""Runs of no time: their specs, and their sameness."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr

from scbsim.observables import NAMES
from scbsim.spec import RunSpec

TASK = {"N": 6, "T": 60, "Q": 2, "P_concentration": 0.05, "seed": 1}


def run_spec(*overrides: str, steps: int = 20, stages: Any = None) -> RunSpec:
    """A small spec; overrides are `key=value` words."""
    tables = {
        "task": TASK,
        "dynamics": {"engine": "dense", "batch_size": 1e5},
        "stage": stages or [{"steps": steps}],
    }
    return RunSpec.from_dict(tables, overrides=overrides)


def rows(run: xr.Dataset) -> np.ndarray:
    """(n, 9): the observables."""
    return np.stack([run[name].values for name in NAMES], axis=1)


def assert_same(run: xr.Dataset, other: xr.Dataset) -> None:
    """To the bit, and in all that is said of them but their names and what ran them."""
    xr.testing.assert_equal(run, other)
    but = {"run_uuid", "created_utc", "provenance", "spec"}
    said, of_other = ({k: v for k, v in d.attrs.items() if k not in but} for d in (run, other))
    assert said == of_other
