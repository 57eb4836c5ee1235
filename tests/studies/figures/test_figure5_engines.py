"""Figure 5 has the same law on the engines that are chosen as on the dense engine."""

from __future__ import annotations

import numpy as np
import pytest

from scbsim import simulate
from scbsim.observables import NAMES
from scbsim.studies.figures.figure5 import run as figure5

REPLICAS = 24
STEPS = (1, 10, 100, 400, 1000)
# 2 rules x 5 steps x 9 observables are compared by Student's t with 23 degrees of freedom. One of
# them exceeds 8.5 by chance with probability 10^-8.
FAR = 8.5


def rows(spec, **changes):
    run = simulate(spec.replace(**changes))
    return np.stack([run[name].sel(step=list(STEPS)).values for name in NAMES], axis=1)


@pytest.mark.slow
@pytest.mark.parametrize("rule", figure5.RULES)
def test_the_dense_run_lies_among_those_of_the_chosen_engine(rule):
    spec = figure5.specs(quick=True)[100, rule]
    chosen = np.array([rows(spec, **{"dynamics.replica": r}) for r in range(REPLICAS)])
    dense = rows(spec, **{"dynamics.engine": "dense"})
    mean, spread = chosen.mean(axis=0), chosen.std(axis=0, ddof=1)
    z = (dense - mean) / (spread * np.sqrt(1 + 1 / REPLICAS))
    assert np.all(np.abs(z) < FAR), np.round(z, 1)
    # The curves are not flat: they move by many standard deviations.
    assert np.all(np.abs(mean[-1] - mean[0])[:3] > 20 * spread[-1][:3])
