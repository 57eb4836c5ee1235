"""Of P the dynamics need K_P alone: the same bits with and without the matrix."""

from __future__ import annotations

import pytest
from scbsim_testing.small_runs import assert_same

from scbsim import RunSpec, Task, simulate

SIZES = {"N": 9, "T": 3000, "Q": 2, "mu": "dirichlet", "mu_concentration": 3.0, "seed": 2}


@pytest.mark.parametrize(
    ("engine", "rule"),
    [
        ("sparse", "prox"),
        ("sparse", "denoise"),
        ("collapsed", "sgd"),
        ("population", "prox"),
        ("dense", "prox"),
        ("dense", "sgd"),
    ],
)
@pytest.mark.parametrize("how", ["spec", "scalars"])
def test_bits(engine, rule, how):
    drawn = Task.random(**SIZES, P_concentration=0.05)
    tables = {
        "task": SIZES | {"P_concentration": 0.05},
        "dynamics": {
            "engine": engine,
            "rule": rule,
            "batch_size": 1e5,
            "value": "auto" if engine == "population" else "collapsed",
        },
        "stage": [{"steps": 200} | ({"threshold_sigmas": 3.0} if rule != "sgd" else {})],
    }
    with_P = simulate(RunSpec.from_dict(tables))
    assert with_P.attrs["K_P"] == drawn.K_P
    if how == "spec":
        without = simulate(RunSpec.from_dict(tables | {"task": SIZES | {"K_P": drawn.K_P}}))
    else:
        names = ("mu", "q_positions", "q_weights", "T")
        rest = {name: getattr(drawn, name) for name in names}
        task = Task.from_scalars(K_P=drawn.K_P, **rest)
        without = simulate(RunSpec.from_dict(tables), task=task)
    assert_same(without, with_P)
