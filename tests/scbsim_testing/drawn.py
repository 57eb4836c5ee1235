"""Fixtures of pictures: made-up runs, and the pixels of what is drawn."""

import json

import numpy as np
import pytest
import xarray as xr
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb

from scbsim.observables import NAMES
from scbsim.plotting.style import styled


@pytest.fixture
def made_up():
    """Make a dataset as scbsim.load() returns it, with smooth curves for what is not given."""

    def make(rows=41, status="complete", N=4, stages=1, normalized=0.5, **columns):
        step = np.arange(rows)
        rise = 1 - 0.9 * np.exp(-step / 10)
        shapes = {
            "alpha_A": rise,
            "alpha_V": rise**2,
            "delta_A": 0.01 * step,
            "delta_V": 0.003 * step,
            "dist_A": 1.2 - rise,
            "dist_V": 1.5 - rise,
            "sim_A": rise,
            "sim_V": rise**3,
            "loss": 1 - rise / 2,
        } | columns
        data = {name: ("step", shapes[name]) for name in NAMES}
        data["stage"] = ("step", np.zeros(rows, dtype=np.int64))
        data |= {f"normalized_{name}": ("normalization", [normalized]) for name in NAMES}
        data["normalized_step"] = ("normalization", [int(step[-1])])
        data["normalized_stage"] = ("normalization", [0])
        data["normalized_count"] = ("normalization", [0])
        ends = np.linspace(0, step[-1], stages + 1).astype(np.int64)[1:]
        data["stage_end"] = ("stage_index", ends)
        data["stage_reason"] = ("stage_index", ["steps"] * stages)
        spec = {"dynamics": {"batch_size": 5000000, "rule": "prox", "engine": "dense"}}
        spec["stage"] = [{"steps": 1, "rule": "sgd"}] * (stages - 1) + [{"steps": 1}]
        attrs = {"status": status, "engine": "dense", "spec": json.dumps(spec), "N": N, "T": 1000}
        attrs |= {"Q": 2, "K_P": 0.3, "K_Q": 0.5, "run_uuid": "", "provenance": "{}"}
        return xr.Dataset(data, coords={"step": step}, attrs=attrs)

    return make


@pytest.fixture
def pixels():
    """Draw a figure and return its pixels, of shape (height, width, 3), in 0 to 1."""

    def read(figure, dpi=100):
        figure.set_dpi(dpi)
        canvas = FigureCanvasAgg(figure)
        with styled():
            canvas.draw()
        return np.asarray(canvas.buffer_rgba())[..., :3] / 255

    return read


@pytest.fixture
def share():
    """Say what share of the pixels has a colour."""

    def count(pixels, color):
        return float(np.mean(np.all(np.abs(pixels - to_rgb(color)) < 2 / 255, axis=-1)))

    return count
