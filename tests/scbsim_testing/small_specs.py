"""Small specs, and the faults of wrong ones."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from scbsim.errors import SpecError
from scbsim.spec import (
    DataSpec,
    DynamicsSpec,
    InitSpec,
    NoiseSpec,
    OutputSpec,
    RunSpec,
    StageSpec,
    TaskSpec,
)

SMALL: dict[str, Any] = {"task": {"N": 10, "T": 100, "Q": 2}, "stage": [{"steps": 5}]}
TABLES = (RunSpec, TaskSpec, DynamicsSpec, NoiseSpec, InitSpec, DataSpec, StageSpec, OutputSpec)


def small(**changes: Any) -> dict[str, Any]:
    """The smallest spec, with some dotted keys (a double underscore for the dot) changed."""
    tables = copy.deepcopy(SMALL)
    for key, value in changes.items():
        *path, last = key.split("__")
        here: Any = tables
        for part in path:
            here = here[int(part)] if isinstance(here, list) else here.setdefault(part, {})
        here[last] = value
    return tables


def faults(tables: Any, *overrides: str) -> dict[str, str]:
    with pytest.raises(SpecError) as caught:
        RunSpec.from_dict(tables, overrides=overrides)
    assert caught.value.exit_status == 2
    for fault in caught.value.faults:
        assert str(fault) in str(caught.value)
    return {fault.key: fault.problem for fault in caught.value.faults}
