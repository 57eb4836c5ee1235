"""Engines on given samples: the bits of those that draw the same ones, and losses of batches."""

from __future__ import annotations

import numpy as np
import pytest
from scbsim_testing.given_samples import assert_same_run, drawn, spec_of
from scbsim_testing.real_batches import loss_of

from scbsim import Task, simulate
from scbsim.engines import handed
from scbsim.engines.batch import BatchEngine
from scbsim.engines.noise import NoiseLevels
from scbsim.kernels.batch import workspace
from scbsim.sampling.batches import HandedBatches

pytestmark = pytest.mark.filterwarnings("ignore::scbsim.errors.TaskWarning")


def of_size(N, T):
    return {"N": N, "T": T, "Q": 2, "mu": "dirichlet"}


def test_the_bits_are_those_of_the_engine_that_draws(monkeypatch):
    """In rounds of 16 samples, of which some come in parts of 5."""
    monkeypatch.setattr(workspace, "_SAMPLES", 16)
    spec = spec_of()
    batches = [drawn(spec, i) for i in range(6)]
    right = simulate(spec)
    assert_same_run(simulate(spec, batches=batches), right)
    monkeypatch.setattr(handed, "_PART_TOKENS", 5 * 30)
    assert_same_run(simulate(spec, batches=batches), right)


@pytest.mark.slow
@pytest.mark.parametrize("precision", ["float32", "float64"])
@pytest.mark.parametrize(
    ("kind", "rule", "threshold"),
    [
        ("batch", "prox", {"threshold": 0.01}),
        ("batch", "vanilla", {}),
        ("batch", "denoise", {"threshold": 0.01}),
        ("softmax", "sgd", {}),
    ],
)
@pytest.mark.parametrize(
    ("N", "T", "size"), [(4, 30, 5000), (3, 5000, 10), (40, 2500, 9), (300, 70, 5000)]
)
def test_they_are_in_all_rules_and_sizes_and_by_any_threads(
    N, T, size, kind, rule, threshold, precision, monkeypatch
):
    """Tokens are stored in some of the drawing runs and drawn again in the others."""
    words = (f"dynamics.rule={rule}", f"dynamics.precision={precision}")
    spec = spec_of(kind, *words, task=of_size(N, T), size=size, steps=3, rate_A=0.02, **threshold)
    batches = [drawn(spec, i) for i in range(3)]
    right = simulate(spec, threads=1)
    monkeypatch.setattr(handed, "_PART_TOKENS", 7 * T)
    for threads in (1, 2):
        assert_same_run(simulate(spec, batches=batches, threads=threads), right)


@pytest.mark.parametrize("threads", [1, 2])
def test_the_gradients_are_those_of_the_drawn_batch(threads):
    """By engines whose step is shared out, however small it is."""
    spec = spec_of(task=of_size(5, 600), size=33)
    task = Task.from_spec(spec.task)
    options = {"batch_size": 33, "alpha_A": 0.3, "alpha_V": 0.4, "seed": 3, "threads": threads}
    right = BatchEngine(task, NoiseLevels.none(task), **options)
    found = BatchEngine(task, NoiseLevels.none(task), handed=True, **options)
    found.learn_from(HandedBatches(lambda i: drawn(spec, i), 600, 33))
    for ours, theirs in zip(found.gradients(4), right.gradients(4), strict=True):
        assert ours.tobytes() == theirs.tobytes()


@pytest.mark.parametrize(
    ("precision", "tolerance"),
    [("float32", 1e-6), pytest.param("float64", 1e-12, marks=pytest.mark.slow)],
)
def test_the_loss_of_a_batch_is_that_before_its_step(precision, tolerance):
    spec = spec_of("batch", f"dynamics.precision={precision}", "init.alpha_A=0.5", steps=4)
    run = simulate(spec, batches=lambda i: drawn(spec, i))
    assert np.isnan(run["batch_loss"].values[0])
    for steps in (1, 3):
        shorter = spec.replace(**{"stage.0.steps": steps})
        kept = simulate(shorter, batches=lambda i: drawn(spec, i)).encoding["last_state"]
        engine = BatchEngine(
            kept.task,
            NoiseLevels.none(kept.task),
            batch_size=1,
            alpha_A=0.0,
            alpha_V=0.0,
            dtype=precision,
        )
        engine.restore(kept.step, kept.state)
        wanted = loss_of(*engine.matrices(), drawn(spec, steps)) / 1.0
        assert run["batch_loss"].values[steps + 1] == pytest.approx(wanted, rel=tolerance)
