"""Specs with schedules for every engine, and the same numbers without: a stage for each step."""

from __future__ import annotations

import copy

import numpy as np

from scbsim.spec import RunSpec

STEPS = 12
BASE = 1e5

SMALL = {"N": 5, "T": 60, "Q": 2, "mu": "dirichlet", "P_concentration": 0.1, "seed": 1}
MATCHED = {"model": "matched", "every": 3}
NOISE = {
    "isotropic": {"model": "isotropic"},
    "covariances": MATCHED,
    "matched": {**MATCHED, "covariances": False},
    "sampled": {"model": "sampled"},
    "none": {"model": "none"},
}

SCHEDULE = {
    "rate_A": "0.1*abs(t - 4)/(1 + t/3)",  # 0 at t = 4
    "rate_V": "linear(0.1, 0.02)",
    "batch_size": "1e5*(1 + t) - 5e4*cos(t)",
}
L1 = {"threshold_sigmas": 1.2}
REAL = {**SCHEDULE, "batch_size": "max(3, 40 - 7*t + floor(10*sin(t)))"}

# name: engine, noise, rule, schedule; of those of `sparse` with a threshold that varies beside the
# noise only the law is that of stages of one step.
RUNS = {
    "collapsed": ("collapsed", "isotropic", "sgd", SCHEDULE),
    "dense, SGD": ("dense", "isotropic", "sgd", SCHEDULE),
    "dense, prox": ("dense", "isotropic", "prox", {**SCHEDULE, "threshold": "0.002*(1 + t/9)"}),
    "dense, denoise, matched": ("dense", "matched", "denoise", {**SCHEDULE, **L1}),
    "dense, covariances": ("dense", "covariances", "prox", {**SCHEDULE, **L1}),
    "dense, sampled": ("dense", "sampled", "prox", {**REAL, "threshold": "0.01/(1 + t)"}),
    "sparse, prox": ("sparse", "isotropic", "prox", {**SCHEDULE, **L1}),
    "sparse, denoise, matched": ("sparse", "matched", "denoise", {**SCHEDULE, **L1}),
    "sparse, covariances": ("sparse", "covariances", "prox", {**SCHEDULE, **L1}),
    "columns, matched": ("columns", "matched", "sgd", SCHEDULE),
    "columns, covariances": ("columns", "covariances", "sgd", SCHEDULE),
    "approximate, matched": ("approximate", "matched", "sgd", SCHEDULE),
    "approximate, covariances": ("approximate", "covariances", "sgd", SCHEDULE),
    "population": ("population", "none", "prox", {**SCHEDULE, "threshold": "0.001*t"}),
    "sampled": ("sampled", "sampled", "sgd", REAL),
    "batch, prox": ("batch", "none", "prox", {**REAL, "threshold": "0.01/(1 + t)"}),
    "batch, vanilla": ("batch", "none", "vanilla", REAL),
    "softmax": ("softmax", "none", "sgd", REAL),
}
SPARSE_THRESHOLDS = {
    "sparse, a threshold": ("sparse", "isotropic", "prox", {**SCHEDULE, "threshold": 0.003}),
    "sparse, sigmas": (
        "sparse",
        "covariances",
        "denoise",
        {**SCHEDULE, "threshold_sigmas": "exponential(0.8, 3)"},
    ),
}
QUICK = ("collapsed", "dense, SGD")


def draws_samples(engine, noise):
    """Return whether a batch is some samples, each of which is drawn."""
    return engine in ("batch", "softmax") or noise == "sampled"


def tables_of(run, stages=None, **dynamics):
    """Return the tables of a run; ``stages`` in place of its one stage."""
    engine, noise, rule, schedule = run
    real = draws_samples(engine, noise)
    task = {**SMALL, "T": 300} if engine in ("columns", "approximate") else SMALL
    if engine in ("sparse", "staged") and noise == "isotropic":
        # Else rounding decides which columns are thinned, and so what is drawn.
        task = {**task, "mu": "uniform"}
    return {
        "seed": 5,
        "task": task,
        "dynamics": {
            "engine": engine,
            "rule": rule,
            "batch_size": 20 if real else BASE,
            "precision": "float64",
            **dynamics,
        },
        "noise": NOISE[noise],
        "init": {"alpha_A": 0.2, "alpha_V": 0.3},
        "stage": copy.deepcopy(stages or [{"steps": STEPS, **schedule}]),
    }


def spec_of(run, stages=None, **dynamics):
    return RunSpec.from_dict(tables_of(run, stages, **dynamics))


def step_by_step(run):
    """Return a stage of one step for each step, with the numbers of the schedule."""
    stage = spec_of(run).stage[0]
    keys = [key for key in run[3] if isinstance(run[3][key], str)]
    values = {key: stage.values(key) for key in keys}
    if "batch_size" in values:
        values["batch_size"] = np.rint(values["batch_size"])
    fixed = {key: value for key, value in run[3].items() if key not in keys}
    return [
        {"steps": 1, **fixed, **{key: float(values[key][t]) for key in keys}} for t in range(STEPS)
    ]
