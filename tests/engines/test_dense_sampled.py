"""Sampled noise with every entry of A: its samples, its bits, and what it is taken for."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from scbsim_testing.real_batches import a_stage, a_task
from scbsim_testing.small_runs import rows, run_spec
from scbsim_testing.stopped_runs import assert_resumes

from scbsim import simulate
from scbsim.engines.alike import largest_shares, largest_shares_of_matrix
from scbsim.engines.batch import BatchEngine
from scbsim.engines.dense import DenseEngine
from scbsim.engines.noise import NoiseLevels, SampledNoise
from scbsim.engines.sampled import SampledEngine
from scbsim.engines.warm_start import entries_of, split
from scbsim.errors import InputError, RunWarning
from scbsim.studies.verify.comparison import compare

pytestmark = pytest.mark.filterwarnings("ignore::scbsim.errors.TaskWarning")

START = {"alpha_A": 0.3, "alpha_V": 0.4, "seed": 3}
TIMES = (1, 3, 20)
L1 = ("noise.model=sampled", "dynamics.batch_size=30", "stage.0.threshold=0.02")


def dense(task, batch, **options):
    options = {"dtype": np.float64, **START, **options}
    return DenseEngine(task, SampledNoise(batch), **options)


def real(task, batch):
    options = {"dtype": np.float64, **START, "seed": 4, "batch_size": batch}
    return BatchEngine(task, NoiseLevels.none(task), **options)


def off_support(engine):
    """Return the entries of s off the support, (N, T - Q)."""
    s, positions = engine.s(), engine.A.positions
    return np.array([np.delete(s[k], positions[k]) for k in range(len(s))])


@pytest.mark.slow
@pytest.mark.parametrize("batch", [1, 40])
def test_a_step_takes_the_samples_of_the_engine_without_entries(batch):
    """Both draw the same samples, and differ in what is random given them alone."""
    task, rate = a_task(5, 3000), 0.05
    one, other = dense(task, batch), SampledEngine(task, SampledNoise(batch), **START)
    for _ in range(2):
        before = off_support(one)
        c = (1.0 - one.A.support.sum(axis=1) - before.sum(axis=1)) / task.T
        a = before + c[:, None]
        norm = np.linalg.norm(a, axis=1)
        for engine in (one, other):
            engine.advance(a_stage(task, rate_A=rate, rate_V=rate), 1)
        np.testing.assert_allclose(one.V.W, other.V.W, rtol=1e-10, atol=1e-13)
        # One engine keeps the multiple of the ones that the projection takes off.
        here, there = one.A.support, other.A.support
        np.testing.assert_allclose(np.diff(here), np.diff(there), rtol=1e-9, atol=1e-12)
        sums, each = other.batch.sums, 1.0 / (batch * task.mu)
        along, ones = each * sums.along[0], a.sum(axis=1)
        mean = (along * ones / norm + each * sums.support[0].sum(axis=1)) / task.T
        moved = ((off_support(one) - before) * a).sum(axis=1) / norm
        assert np.abs(moved).max() > 1e-5
        np.testing.assert_allclose(moved, -rate * (along - mean * ones / norm), 1e-7, 1e-15)
        # The next step starts from the same state.
        other.adopt(one.state(), task)
        np.testing.assert_allclose(other.off.square + other.off.along**2, one.A.off_sums[:, 1])


@pytest.mark.slow
@pytest.mark.parametrize("rule", ["sgd", "prox"])
def test_with_all_entries_on_the_support_a_step_is_that_of_real_batches(rule):
    """No token is left out then: in law it is a step on real batches, under any rule."""
    task, runs = a_task(5, 5, 5), 1500
    stage = a_stage(task, rule, threshold=0.05)
    found = []
    for kind in (dense, real):
        made = kind(task, 32)
        start = {name: array.copy() for name, array in made.state().items()}
        rows = np.empty((runs, len(TIMES), 9))
        for i in range(runs):
            made.constants = made.constants._replace(replica=np.uint64(i))
            made.restore(0, start)
            rows[i] = made.advance(stage, TIMES[-1]).rows[np.array(TIMES) - 1]
        found.append(rows)
    outcome = compare(("", ""), TIMES, *found, 1e-10)
    assert outcome.worst.p * outcome.count > 1e-6, outcome.worst


@pytest.mark.slow
@pytest.mark.parametrize(("N", "T", "Q"), [(4, 40, 1), (3, 12, 2), (2, 5, 5)])
def test_the_mean_of_a_step_is_the_expected_gradient(N, T, Q):
    """`docs/model.md`, section 3: of every entry, with what the intercept form leaves out."""
    task, rate = a_task(N, T, Q), 1e-6
    before = DenseEngine(task, NoiseLevels(np.full(N, 0.3), 0.1), **START, dtype=np.float64)
    before.advance(a_stage(task), 4)
    found = []
    for replica in range(25):
        engine = dense(task, 16_000, replica=replica)
        engine.adopt(before.state(), task)
        s, W = engine.s(), engine.V.W.copy()
        engine.advance(a_stage(task, rate_A=rate, rate_V=rate), 1)
        found.append([*((s - engine.s()) / rate).ravel(), *((W - engine.V.W) / rate).ravel()])
    q = np.zeros((N, T))
    np.put_along_axis(q, task.q_positions, task.q_weights, axis=1)
    totals = s.sum(axis=1, keepdims=True)
    a = s + (1.0 - totals) / T
    kappa, kappa_prime = np.square(W).sum(), (W * task.P_tilde).sum()
    nA, qA = task.mu @ np.square(a).sum(axis=1), task.mu @ (a * q).sum(axis=1)
    of_A = kappa * s - kappa_prime * q + (kappa_prime - kappa * totals) / T
    right = [*of_A.ravel(), *(nA * W - qA * task.P_tilde).ravel()]
    error = np.std(found, axis=0, ddof=1) / 5.0
    # Student's t with 24 degrees of freedom: less than 1e-5 for all of them together.
    assert (np.abs(np.mean(found, axis=0) - right) < 9.0 * error + 1e-9).all()


@pytest.mark.slow
def test_a_column_without_a_sample_has_no_noise():
    task, stage = a_task(6, 500), a_stage(a_task(6, 500), rate_A=0.01, rate_V=0.0)
    engine = dense(task, 1)
    before = off_support(engine)
    engine.advance(stage, 1)
    moved = np.abs(off_support(engine) - before).max(axis=1)
    assert np.count_nonzero(moved > 1e-6) == 1


def test_threads_do_not_change_the_bits():
    task, stage = a_task(5, 9000), a_stage(a_task(5, 9000), "prox", threshold=0.05)
    one, three = (dense(task, 700, threads=threads, dtype=np.float32) for threads in (1, 3))
    np.testing.assert_array_equal(one.advance(stage, 4).rows, three.advance(stage, 4).rows)
    for name, array in one.state().items():
        np.testing.assert_array_equal(array, three.state()[name])


def test_a_run_stopped_and_resumed_is_the_same_to_the_bit(tmp_path):
    spec = run_spec(*L1, "output.final_state=true")
    whole = simulate(spec, output=tmp_path / "whole.h5")
    assert whole.attrs["engine"] == "dense"
    assert_resumes(spec, tmp_path / "whole.h5", tmp_path / "run.h5", 1)


def test_replicas_are_runs_of_their_own():
    together = simulate(run_spec(*L1, "dynamics.replicas=3"))
    for i in range(3):
        alone = simulate(run_spec(*L1, f"dynamics.replica={i}"))
        np.testing.assert_array_equal(rows(together.isel(replica=i)), rows(alone))


def test_sgd_then_l1_with_a_normalisation_between():
    stages = [
        {"steps": 4, "rule": "sgd", "normalize_level": 0.3},
        {"steps": 4, "rule": "prox", "threshold": 0.02},
    ]
    found = simulate(run_spec(*L1[:2], stages=stages))
    assert (found.attrs["engine"], found.attrs["status"]) == ("dense", "complete")


@pytest.mark.slow
@pytest.mark.parametrize(("rule", "more"), [("hard", ["stage.0.threshold=0"]), ("momentum", [])])
def test_rules_in_python_see_the_noise_of_samples(rule, more):
    """At a threshold of 0 ``hard`` is SGD, and so is ``momentum`` in its first step."""
    words = (*L1[:2], "dynamics.precision=float64", "stage.0.rate_A=0.05", "stage.0.rate_V=0.05")
    found = rows(simulate(run_spec(*words, f"dynamics.rule={rule}", *more, steps=1)))
    right = rows(simulate(run_spec(*words, "dynamics.rule=sgd", steps=1)))
    np.testing.assert_allclose(found, right, rtol=1e-9, atol=1e-12)
    assert np.ptp(right[:, 2]) > 1e-3


def test_a_batch_beyond_the_random_stream_is_refused():
    with pytest.raises(InputError, match=r"dynamics\.batch_size: .* the dense engine takes up to"):
        dense(a_task(100, 1000), 10**10)


@pytest.mark.parametrize(("other", "said"), [(False, ""), (True, "entries of the start stand out")])
def test_entries_of_a_start_that_stand_out_are_warned_of(other, said):
    """Each off the support has the noise of the others, which those of another support have not."""
    task = a_task(5, 300)
    before = a_task(5, 300, seed=8) if other else task
    engine = DenseEngine(before, NoiseLevels.none(before), dtype=np.float64, **START)
    engine.A.bulk[:] += np.random.default_rng(1).normal(0, 1e-3, engine.A.bulk.shape)
    np.put_along_axis(engine.A.bulk, engine.A.positions, 0.0, axis=1)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        dense(task, 10).adopt(engine.state(), before)
    messages = [str(each.message) for each in caught if issubclass(each.category, RunWarning)]
    assert len(messages) == bool(said)
    if said:
        assert f"init: {said}" in messages[0]


def test_shares_of_entries_are_those_of_lists():
    task = a_task(4, 40)
    engine = dense(task, 10)
    engine.A.bulk[:] = np.random.default_rng(2).normal(0, 0.1, engine.A.bulk.shape)
    np.put_along_axis(engine.A.bulk, engine.A.positions, 0.0, axis=1)
    engine._bulk_was_set()
    lists = split(entries_of(engine.state(), task), task)
    right = largest_shares(*lists, task)
    np.testing.assert_allclose(largest_shares_of_matrix(engine.A), right, rtol=1e-12)
    assert (right > 0).all()
