"""Softmax attention: the chain rule by finite differences and autograd, and steps by the model."""

from __future__ import annotations

import numpy as np
import pytest
from scbsim_testing.needs import needed
from scbsim_testing.real_batches import Learner, a_stage, a_task, engine, loss_of, observables

from scbsim import sample_batch
from scbsim.errors import InputError

pytestmark = pytest.mark.filterwarnings("ignore::scbsim.errors.TaskWarning")


def softmax(logits):
    a = np.exp(logits - logits.max(axis=0))
    return a / a.sum(axis=0)


def moved(task, size, rate=1.0):
    """By what a step of vanilla moves logits and V, over the rate."""
    made = engine(task, size, "softmax")
    logits, V = made.logits.T.copy(), made.matrices()[1]
    made.advance(a_stage(task, "vanilla", rate, rate), 1)
    return logits, V, (logits - made.logits.T) / rate, (V - made.matrices()[1]) / rate


def test_a_step_is_the_gradient_of_the_loss():
    task, rng, h = a_task(5, 30), np.random.default_rng(1), 1e-5
    logits, V, of_l, of_V = moved(task, 25)
    batch = sample_batch(task, 25, seed=5)
    for _ in range(10):
        dl, dV = rng.normal(size=logits.shape), rng.normal(size=V.shape)
        ahead, behind = (loss_of(softmax(logits + d * dl), V + d * dV, batch) for d in (h, -h))
        wanted = (of_l * dl).sum() + (of_V * dV).sum()
        assert (ahead - behind) / (2 * h) == pytest.approx(wanted, rel=1e-7)


def test_a_step_is_autograds():
    torch = needed("torch")
    task = a_task(10, 50)
    logits, V, of_l, of_V = moved(task, 64)
    logits, V = (torch.tensor(X, requires_grad=True) for X in (logits, V))
    batch = sample_batch(task, 64, seed=5)
    x, k, o = (torch.tensor(b.astype(np.int64)) for b in batch[:3])
    a = torch.softmax(logits.T[k], dim=1)
    u = torch.zeros(64, 10, dtype=torch.float64).scatter_add(1, x, a)
    truth = torch.nn.functional.one_hot(o, 10)
    (0.5 * ((u @ V.T - truth) ** 2).sum() / 64).backward()
    assert np.abs(of_l - logits.grad.numpy()).max() < 1e-14
    assert np.abs(of_V - V.grad.numpy()).max() < 1e-14


@pytest.mark.parametrize("rule", ["sgd", "vanilla"])
@pytest.mark.parametrize(("N", "T", "size"), [(4, 30, 7), (10, 50, 20), (6, 2100, 8)])
def test_steps_are_those_of_the_model(N, T, size, rule):
    task = a_task(N, T)
    made = engine(task, size, "softmax", alpha_A=0.5, alpha_V=0.7)
    right = Learner(made, softmax=True)
    rows = made.advance(a_stage(task, rule, 0.5, 0.03), 6).rows
    for i in range(6):
        right.step(sample_batch(task, size, seed=5, number=i), rule, 0.5, 0.03)
        wanted = observables(task, right.A, right.V)
        assert rows[i] == pytest.approx(wanted, rel=1e-9, abs=1e-12)
    A, V = made.matrices()
    assert np.abs(A - right.A).max() < 1e-12
    assert np.abs(V - right.V).max() < 1e-12


def test_the_start():
    task = a_task(5, 40)
    A, _ = engine(task, 9, "softmax", alpha_A=0.25).matrices()
    right = engine(task, 9, alpha_A=0.25).matrices()[0]
    assert np.abs(A - right).max() < 1e-15
    assert not engine(task, 9, "softmax", alpha_A=0.0).logits.any()
    for alpha in (-0.1, 1.0):
        with pytest.raises(InputError, match=r"init\.alpha_A"):
            engine(task, 9, "softmax", alpha_A=alpha)


def test_normalised_entries_stay_at_zero():
    task = a_task(4, 50)
    made = engine(task, 30, "softmax", alpha_A=0.5)
    before = made.normalized(0.1)
    row, count = made.normalize(0.1)
    assert (row.tobytes(), count) == (before[0].tobytes(), before[1])
    assert count == 0
    made.advance(a_stage(task), 3)
    A, _ = made.matrices()
    assert ((A == 0).sum(axis=0) >= 48).all()
    assert A.sum(axis=0) == pytest.approx(np.ones(4), abs=1e-14)
