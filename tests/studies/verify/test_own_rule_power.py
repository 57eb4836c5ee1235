"""The verification notices errors of rules that are functions in Python."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scbsim_testing.power import noticed

from scbsim.engines.activation_groups import activation_rates
from scbsim.engines.dense import DenseEngine
from scbsim.engines.population import PopulationEngine
from scbsim.engines.rule_memory import forget_memory
from scbsim.engines.sparse import SparseEngine
from scbsim.studies.verify.case import SCALARS_OF_V

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    "change",
    [
        lambda rates: rates._replace(rate=1.05 * rates.rate),
        lambda rates: rates._replace(scale=0.95 * rates.scale),
    ],
    ids=["too frequent", "too small"],
)
def test_activations_of_hard(change, monkeypatch):
    monkeypatch.setattr(
        "scbsim.engines.sparse.activation_rates", lambda *a: change(activation_rates(*a))
    )
    assert noticed("hard, T = 600, 1.0 sigma", SparseEngine)


def test_another_rule():
    class Soft(SparseEngine):
        def advance(self, stage, steps, *before):
            return super().advance(replace(stage, rule="prox"), steps, *before)

    assert noticed("hard, T = 600, 1.0 sigma", Soft)


class Forgetful(DenseEngine):
    def advance(self, stage, steps, before=0):
        first = super().advance(stage, 1, before)
        forget_memory(self.A)
        rest = super().advance(stage, steps - 1, before + 1)
        return rest._replace(rows=np.concatenate([first.rows, rest.rows])) if steps > 1 else first


def test_a_memory_that_is_forgotten_after_the_first_step():
    assert noticed("momentum, N = 4, T = 30", Forgetful)


def test_without_noise_a_signal_that_is_off_by_a_little():
    def build(task, noise, *, alpha_A, **options):
        return PopulationEngine(task, noise, alpha_A=alpha_A + 1e-6, **options)

    for rule in ("hard", "momentum"):
        assert noticed(f"{rule}, no noise", build)


def test_the_right_engines_pass():
    assert not noticed("hard, T = 600, 1.0 sigma", SparseEngine)
    assert not noticed("momentum, N = 4, T = 30", SCALARS_OF_V.build)
    for rule in ("hard", "momentum"):
        assert not noticed(f"{rule}, no noise", PopulationEngine)
