"""The engine on real batches: gradients, steps and observables against sums over samples."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scbsim_testing.needs import needed
from scbsim_testing.real_batches import (
    Learner,
    a_stage,
    a_task,
    engine,
    expected_loss,
    gradients,
    loss_of,
    observables,
)

from scbsim import sample_batch
from scbsim.kernels.batch import workspace as batch_layout

pytestmark = pytest.mark.filterwarnings("ignore::scbsim.errors.TaskWarning")

# Tokens of more than a byte have kernels of their own.
TWO_BYTES = pytest.param(300, 70, 5, marks=pytest.mark.slow)
SIZES = [(3, 5000, 10), (4, 30, 7), (2, 3, 50), (10, 50, 100), (40, 2500, 9), TWO_BYTES]
ROUNDING = {"float64": 1e-13, "float32": 2e-6}


@pytest.mark.parametrize("dtype", [pytest.param("float64", marks=pytest.mark.slow), "float32"])
@pytest.mark.parametrize(("N", "T", "size"), SIZES)
def test_a_gradient_is_the_sum_over_its_samples(N, T, size, dtype):
    task = a_task(N, T)
    made = engine(task, size, dtype=dtype)
    right = gradients(*made.matrices(), sample_batch(task, size, seed=5, number=3))
    for found, wanted in zip(made.gradients(3), right, strict=True):
        assert np.abs(found - wanted).max() <= ROUNDING[dtype] * np.abs(wanted).max()


def test_a_gradient_is_that_of_the_loss():
    """Finite differences of the batch's loss along random directions."""
    task = a_task(7, 40)
    made, rng = engine(task, 30), np.random.default_rng(0)
    (A, V), batch = made.matrices(), sample_batch(task, 30, seed=5, number=2)
    of_A, of_V = made.gradients(2)
    for _ in range(10):
        dA, dV, h = rng.normal(size=A.shape), rng.normal(size=V.shape), 1e-5
        ahead, behind = (loss_of(A + d * dA, V + d * dV, batch) for d in (h, -h))
        slope = (ahead - behind) / (2 * h)
        wanted = (of_A * dA).sum() + (of_V * dV).sum()
        assert slope == pytest.approx(wanted, rel=1e-7)


def test_a_gradient_is_autograds():
    torch = needed("torch")
    task = a_task(10, 50)
    made = engine(task, 64)
    A, V = (torch.tensor(X, requires_grad=True) for X in made.matrices())
    batch = sample_batch(task, 64, seed=5)
    x, k, o = (torch.tensor(b.astype(np.int64)) for b in batch[:3])
    u = torch.zeros(64, 10, dtype=torch.float64).scatter_add(1, x, A.T[k])
    truth = torch.nn.functional.one_hot(o, 10)
    (0.5 * ((u @ V.T - truth) ** 2).sum() / 64).backward()
    for found, wanted in zip(made.gradients(0), (A.grad, V.grad), strict=True):
        assert np.abs(found - wanted.numpy()).max() < 1e-14


@pytest.mark.parametrize("rule", ["sgd", "prox", "denoise", "vanilla"])
@pytest.mark.parametrize(("N", "T", "size"), [(4, 30, 7), (10, 50, 20), (6, 2100, 8)])
def test_steps_are_those_of_the_model(N, T, size, rule):
    task = a_task(N, T)
    made = engine(task, size, alpha_A=0.5, alpha_V=0.7)
    right, threshold = Learner(made), 0.02
    rows = made.advance(a_stage(task, rule, 0.02, 0.03, threshold), 6).rows
    for i in range(6):
        right.step(sample_batch(task, size, seed=5, number=i), rule, 0.02, 0.03, threshold)
        wanted = observables(task, right.A, right.V)
        assert rows[i] == pytest.approx(wanted, rel=1e-9, abs=1e-12)
    A, V = made.matrices()
    assert np.abs(A - right.A).max() < 1e-12
    assert np.abs(V - right.V).max() < 1e-12
    assert made.observe() == pytest.approx(rows[-1], rel=1e-12)
    if rule == "prox":
        assert (made.A.bulk == 0).sum() > task.N * task.Q


def test_invariants_are_kept_by_all_rules_but_vanilla():
    task = a_task(5, 60)
    for rule in ("sgd", "prox", "denoise", "vanilla"):
        made = engine(task, 40)
        made.advance(a_stage(task, rule, threshold=0.01), 30)
        A, V = made.matrices()
        off = [A.sum(axis=0) - 1, V.sum(axis=0) - 1, V @ task.mu - task.mu]
        least = [np.abs(each).max() for each in off]
        assert (max(least) < 1e-13) if rule != "vanilla" else (min(least) > 1e-4)


def test_rules_may_follow_vanilla():
    """What vanilla left of the invariants is kept as it is."""
    task = a_task(4, 20)
    made = engine(task, 30)
    made.advance(a_stage(task, "vanilla"), 5)
    right, sums = Learner(made), made.sums.copy()
    made.advance(a_stage(task, "prox", threshold=0.02), 3)
    for i in range(5, 8):
        right.step(sample_batch(task, 30, seed=5, number=i), "prox", 0.05, 0.05, 0.02)
    A, V = made.matrices()
    assert np.abs(A - right.A).max() < 1e-12
    assert np.abs(V - right.V).max() < 1e-12
    assert made.sums.tolist() == sums.tolist()


def test_the_loss_by_every_sample_there_is():
    """No invariant holds here: contexts, queries, sources and outputs one by one."""
    task = a_task(3, 3, Q=2)
    rng = np.random.default_rng(3)
    A, V = rng.normal(size=(3, 3)), rng.normal(size=(3, 3))
    Q, total = np.zeros((3, 3)), 0.0
    np.put_along_axis(Q.T, task.q_positions, task.q_weights, axis=1)
    for *x, k, t, o in itertools.product(range(3), repeat=6):
        chance = np.prod(task.mu[x]) * task.mu[k] * Q[t, k] * task.P[o, x[t]]
        f = V @ np.eye(3)[:, x] @ A[:, k]
        total += chance * 0.5 * np.sum((np.eye(3)[o] - f) ** 2)
    assert expected_loss(task, A, V, Q) == pytest.approx(total, rel=1e-12)


@pytest.mark.parametrize("kind", ["batch", "softmax"])
def test_the_mean_gradient_is_the_closed_form(kind):
    """Section 3, over many batches, by standard error; centred and over mu."""
    task = a_task(4, 12)
    made = engine(task, 5000, kind)
    A, V = made.matrices()
    found = [made.gradients(i) for i in range(200)]
    of_A = np.array([g / task.mu - (g / task.mu).mean(axis=0) for g, _ in found])
    right = np.eye(4) - np.outer(task.mu, np.ones(4))
    of_V = np.array([(np.eye(4) - 0.25) @ (G / task.mu) @ right for _, G in found])
    Q = np.zeros((12, 4))
    np.put_along_axis(Q.T, task.q_positions, task.q_weights, axis=1)
    Vb, Pb = V - task.mu[:, None], task.P - task.mu[:, None]
    kappa, kappa_prime = (task.mu * Vb**2).sum(), (task.mu * Vb * Pb).sum()
    nA, qA = (task.mu * A**2).sum(), (task.mu * A * Q).sum()
    wanted_A = kappa * (A - 1 / 12) - kappa_prime * (Q - 1 / 12)
    wanted_V = nA * Vb - qA * Pb
    for some, wanted in ((of_A, wanted_A), (of_V, wanted_V)):
        error = some.std(axis=0, ddof=1) / np.sqrt(len(some))
        z = (some.mean(axis=0) - wanted) / np.maximum(error, 1e-15)
        assert np.abs(z).max() < 6.5
        # And 5% off would be seen.
        assert np.abs((some.mean(axis=0) - 1.05 * wanted) / np.maximum(error, 1e-15)).max() > 6.5


@pytest.mark.parametrize("dtype", ROUNDING)
@pytest.mark.parametrize("kind", ["batch", "softmax"])
@pytest.mark.parametrize(("N", "T", "size"), [(3, 5000, 30), (10, 50, 300), (40, 1100, 30)])
def test_threads_do_not_change_the_bits(N, T, size, kind, dtype):
    task = a_task(N, T)
    ends = []
    for threads in (1, 2, 3):
        made = engine(task, size, kind, dtype=dtype, threads=threads)
        rows = made.advance(a_stage(task), 3).rows
        ends.append((rows.tobytes(), *(x.tobytes() for x in made.state().values())))
    assert ends[0] == ends[1] == ends[2]


def test_tokens_that_are_drawn_again_are_the_same(monkeypatch):
    task = a_task(7, 5000)
    kept = engine(task, 20)
    monkeypatch.setattr(batch_layout, "_TOKENS", 10)
    again = engine(task, 20)
    assert (kept.work.tokens.size, again.work.tokens.size) == (100_000, 0)
    for one, other in zip(kept.gradients(4), again.gradients(4), strict=True):
        assert np.array_equal(one, other)


def test_rounds_add_up(monkeypatch):
    task = a_task(7, 30)
    made = engine(task, 100)
    whole = made.gradients(4)
    monkeypatch.setattr(batch_layout, "_SAMPLES", 13)
    rounds = engine(task, 100)
    assert len(rounds.work.order) == 13
    for one, other in zip(whole, rounds.gradients(4), strict=True):
        assert np.abs(one - other).max() < 1e-14
    assert rounds.work.counts.sum() == 100


def test_a_column_that_no_sample_saw_stays():
    task = a_task(40, 60)
    made = engine(task, 3)
    before = made.A.bulk.copy(), made.A.support.copy()
    made.advance(a_stage(task), 1)
    unseen = np.setdiff1d(np.arange(40), sample_batch(task, 3, seed=5).query)
    assert np.array_equal(made.A.bulk[unseen], before[0][unseen])
    assert np.array_equal(made.A.support[unseen], before[1][unseen])


def test_it_ends_at_a_signal_and_when_it_diverges():
    task = a_task(4, 20, seed=3)
    made = engine(task, 50, alpha_A=0.0, alpha_V=0.0)
    block = made.advance(a_stage(task, until=0.05), 5000)
    assert block.end == "signal"
    assert max(block.rows[-1, :2]) >= 0.05 > max(block.rows[-2, :2])
    block = made.advance(a_stage(task, rate_A=1e3, rate_V=1e3), 1000)
    assert block.end == "diverged"
    assert np.isfinite(block.rows).all()
