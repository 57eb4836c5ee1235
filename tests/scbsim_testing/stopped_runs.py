"""A run that is stopped and resumed, beside the same run without a stop."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np

from scbsim import load, simulate
from scbsim.spec import RunSpec
from scbsim_testing.small_runs import assert_same

STATES = ("snapshots", "final")


def stop_after(calls: int) -> Callable[[], bool]:
    """A `stop` that is False for some calls, and True from then on."""
    made: list[int] = []
    return lambda: made.append(1) or len(made) > calls


def assert_resumes(spec: RunSpec, whole: Path, path: Path, calls: int) -> None:
    """Run a spec to a file, stopped on the way and resumed: it has the bits of the file `whole`."""
    simulate(spec, output=path, stop=stop_after(calls))
    assert load(path).attrs["status"] == "stopped"
    simulate(spec, output=path, resume=True)
    assert_same(load(path), load(whole))
    with h5py.File(path) as file, h5py.File(whole) as other:
        groups = [name for name in STATES if name in other]
        assert [name for name in STATES if name in file] == groups
        for group in groups:
            assert set(file[group]) == set(other[group])
            for name, data in file[group].items():
                np.testing.assert_array_equal(data[()], other[group][name][()])
