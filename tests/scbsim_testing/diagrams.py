"""Phase diagrams made up or drawn twice: their axes, their shares, their sameness."""

import json

import numpy as np
import pytest
import xarray as xr


def share_of(power, at, x, y, width=0.2):
    """A smooth step in log y that moves with a power of x."""
    middle = np.log(at) + power * np.log(x / x[0])
    return 1 / (1 + np.exp(-(np.log(y)[:, None] - middle) / width))


@pytest.fixture
def made_up():
    def make(
        shares,
        x=None,
        y=None,
        replicas=10_000,
        spacing="log",
        keys=("task.T", "dynamics.batch_size"),
    ):
        x = np.geomspace(1e3, 1e9, 13) if x is None else x
        y = np.geomspace(1e4, 1e10, 25) if y is None else y
        rules = list(shares)
        stack = np.stack([np.round(replicas * shares[rule]) for rule in rules]).astype(np.int64)
        dims = ("rule", "y", "x")
        data = {"recovered": (dims, stack), "replicas": (dims, np.full_like(stack, replicas))}
        data["diverged"] = (dims, np.ones_like(stack))
        coords = {"rule": rules}
        for name, axis, key in (("x", x, keys[0]), ("y", y, keys[1])):
            coords[name] = (name, axis, {"key": key, "spacing": spacing})
        spec = {"task": {"N": 100, "T": 1000, "Q": 2}, "dynamics": {"batch_size": 1000}}
        spec["stage"] = [{"steps": 1500}, {"steps": 500}]
        grid = {"replicas": replicas, "recovered": "sim_A >= 0.9"}
        attrs = {"spec": json.dumps(spec), "grid": json.dumps(grid)}
        return xr.Dataset(data, coords, attrs)

    return make


X, Y = np.geomspace(1e3, 1e9, 13), np.geomspace(1e4, 1e10, 25)


def same(found, other):
    """The numbers and what they are of, not when and on what they were made."""
    xr.testing.assert_identical(found.drop_attrs(), other.drop_attrs())
    for name in ("spec", "grid", "engines"):
        assert found.attrs[name] == other.attrs[name]
