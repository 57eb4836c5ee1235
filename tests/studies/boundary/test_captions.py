"""The caption of a boundary study: the power as the picture has it, and what was searched."""

import json

import numpy as np
import xarray as xr

from scbsim.studies.boundary.captions import caption_of

X = np.array([1e3, 1e5, 1e7])
CURVE = {
    "along": "task.T=1e3:1e7:3log",
    "find": "dynamics.batch_size=1e3:1e9:61log",
    "level": 0.5,
    "replicas": 8,
    "seeds": 3,
    "recovered": "sim_A >= 0.9",
    "spec": {"task": {"N": 5, "T": 60, "Q": 2}, "dynamics": {"batch_size": 1000}},
}


def study_of(boundary):
    data = {"x": (("curve", "point"), X[None]), "boundary": (("curve", "seed", "point"), boundary)}
    return xr.Dataset(data, attrs={"curves": json.dumps({"l1": CURVE})})


def test_a_power_has_the_digits_of_its_error():
    found = study_of(np.array([[2.0 * X**power for power in (0.9, 1.0, 1.1)]]))
    words = caption_of(found, "A title.")
    assert words.startswith("A title. Each line")
    assert "; it grows with power 1.00 +- 0.06 of task.T; N = 5; Q = 2." in words
    assert "dynamics.batch_size along task.T at which 0.5 of 8 runs have sim_A >= 0.9" in words


def test_a_power_that_is_unknown_is_left_out():
    assert "power" not in caption_of(study_of(np.full((1, 3, 3), np.nan)))
