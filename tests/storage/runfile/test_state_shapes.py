"""A start from another run's last state whose arrays are not what they should be."""

from __future__ import annotations

import h5py
import numpy as np
import pytest
from scbsim_testing.small_runs import run_spec

from scbsim import simulate
from scbsim.errors import OutputError

ENGINES = {
    "dense": ("dynamics.engine=dense",),
    "sparse": ("dynamics.engine=sparse", "dynamics.value=matrix"),
    "collapsed": ("dynamics.engine=collapsed", "dynamics.rule=sgd"),
    "batch": ("dynamics.engine=batch", "dynamics.batch_size=16", "stage.0.threshold=0.1"),
}
ODD = {
    "of text": lambda data: np.full(data.shape, b"x"),
    "of complex numbers": lambda data: data.astype(np.complex128),
    "too short": lambda data: data[:, :-1],
    "with a dimension more": lambda data: data[..., None],
}


def run(engine, path, **start):
    changes = [*ENGINES[engine], "output.final_state=true"]
    spec = run_spec(*changes, steps=5)
    return simulate(spec.replace(**start) if start else spec, output=path)


def start_of(engine, path):
    tables = run_spec(*ENGINES[engine], steps=5).to_dict()
    tables["init"] = {"from": str(path)}
    return type(run_spec()).from_dict(tables)


@pytest.fixture(scope="module", params=ENGINES)
def parent(request, tmp_path_factory):
    path = tmp_path_factory.mktemp("parent") / "run.h5"
    run(request.param, path)
    return request.param, path


def arrays(path):
    with h5py.File(path) as file:
        return [name for name in file["final"] if name not in ("step", "data")]


def test_whole_states_are_taken(parent):
    engine, path = parent
    assert simulate(start_of(engine, path)).sizes["step"] == 6


@pytest.mark.parametrize("how", [*ODD, "missing"])
def test_odd_arrays_are_refused(parent, how, tmp_path):
    engine, path = parent
    for name in arrays(path):
        copy = tmp_path / f"{name}.h5"
        copy.write_bytes(path.read_bytes())
        with h5py.File(copy, "r+", libver=("v110", "v110")) as file:
            data = file["final"][name][()]
            if data.size < 2 or (how == "missing" and name.startswith("before_")):
                # Files of earlier versions have none of the latter.
                continue
            del file["final"][name]
            if how != "missing":
                file["final"][name] = ODD[how](data)
        with pytest.raises(OutputError):
            simulate(start_of(engine, copy))


def test_positions_outside_of_the_context_are_refused(tmp_path):
    path = tmp_path / "run.h5"
    run("sparse", path)
    with h5py.File(path, "r+", libver=("v110", "v110")) as file:
        file["final/indices"].resize((1,))
        file["final/data"].resize((1,))
        file["final/indices"][0], file["final/data"][0] = 10**6, 1.0
        file["final/indptr"][0, 1:] = 1
    with pytest.raises(OutputError, match="positions outside"):
        simulate(start_of("sparse", path))
