"""Isotropic levels fitted to matched ones: the same noise variance over a run."""

import numpy as np
import pytest

from scbsim.engines.dense import DenseEngine
from scbsim.engines.noise import MatchedNoise
from scbsim.engines.stages import stages_of
from scbsim.errors import Stopped
from scbsim.run.replica import Replica
from scbsim.spec import RunSpec
from scbsim.studies.compare.constants import fitted
from scbsim.studies.compare.models import model_spec
from scbsim.task import Task


@pytest.fixture
def matched(spec):
    # Without until_signal, so that all replicas have the same number of steps.
    return model_spec(spec.replace(**{"stage.0.until_signal": None}), "matched")


def strength(spec, task, replica):
    """Sums of rate^2 variance for a batch of one, of A and of V, and of rate^2, step by step."""
    B = spec.dynamics.batch_size
    engine = DenseEngine(
        task,
        MatchedNoise(B, 1, covariances=True),
        alpha_A=0.1,
        alpha_V=0.2,
        seed=spec.seed,
        replica=replica,
    )
    total, rates = np.zeros(2), np.zeros(2)
    for stage in stages_of(spec, task):
        for _ in range(stage.steps):
            engine.advance(stage, 1)
            of = np.array([stage.rate_A, stage.rate_V]) ** 2
            levels = engine.noise
            total += of * B * np.array([(task.mu * levels.sigma_A**2).mean(), levels.sigma_V**2])
            rates += of
    return total, rates


def test_they_add_as_much_noise(matched):
    task = Task.from_spec(matched.task)
    totals, rates = zip(*(strength(matched, task, r) for r in range(5)), strict=True)
    wanted = np.sqrt(np.sum(totals, axis=0) / np.sum(rates, axis=0))
    assert fitted(matched) == pytest.approx(wanted, rel=5e-3)  # three digits are kept
    assert [f"{value:.3g}" for value in fitted(matched)] == [f"{value:.3g}" for value in wanted]


def test_what_does_not_move_has_none(matched):
    still = matched.replace(**{"stage.0.rate_A": 0.0, "stage.1.rate_A": 0.0})
    sigma_A, sigma_V = fitted(still)
    assert sigma_A == 0.0
    assert sigma_V > 0.0


def test_levels_that_are_renewed_seldom_count_for_as_long(matched):
    """Without an update on the way, they are the levels of the start."""
    seldom = matched.replace(**{"noise.every": 1000})
    first = matched.replace(
        stage=[{"rule": "sgd", "steps": 1, "rate_A": 0.1, "rate_V": 0.05}],
    )
    assert fitted(seldom) == fitted(first)


def test_a_start_from_a_file(matched, tmp_path):
    from scbsim import simulate

    before = matched.replace(**{"dynamics.replicas": 1, "output.final_state": True})
    simulate(before, output=tmp_path / "before.h5")
    tables = matched.to_dict() | {"init": {"from": str(tmp_path / "before.h5")}}
    assert fitted(RunSpec.from_dict(tables)).sigma_A > 0
    assert fitted(RunSpec.from_dict(tables)) != fitted(matched)


def test_those_that_diverge_are_left_out(matched, monkeypatch):
    wild = matched.replace(**{"stage.0.rate_A": 1e3, "stage.0.rate_V": 1e3, "stage.0.steps": 1000})
    assert fitted(wild) is None
    alone = fitted(matched.replace(**{"dynamics.replicas": 1}))
    advance = Replica.advance

    def only_the_first(self, steps):
        did = advance(self, steps)
        if self.engine.constants.replica > 0:
            self.status = "diverged"
        return did

    monkeypatch.setattr(Replica, "advance", only_the_first)
    assert fitted(matched) == alone


def test_a_signal_stops_it(matched):
    with pytest.raises(Stopped, match="the same command again goes on"):
        fitted(matched, stop=lambda: True)
