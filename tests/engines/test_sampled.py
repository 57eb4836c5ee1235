"""The sampled engine: its gradients, its bits, its starts and what it refuses."""

from __future__ import annotations

import numpy as np
import pytest
from scbsim_testing.real_batches import a_stage, a_task
from scbsim_testing.small_runs import TASK, rows, run_spec
from scbsim_testing.stopped_runs import assert_resumes

from scbsim import simulate
from scbsim.engines.noise import SampledNoise
from scbsim.engines.sampled import SampledEngine
from scbsim.errors import InputError, SpecError
from scbsim.kernels.sampled.state import groups_of
from scbsim.spec import RunSpec

pytestmark = pytest.mark.filterwarnings("ignore::scbsim.errors.TaskWarning")

SAMPLED = (
    "dynamics.rule=sgd",
    "noise.model=sampled",
    "dynamics.engine=auto",
    "dynamics.batch_size=300",
)


def made(task, batch, **options):
    options = {"alpha_A": 0.3, "alpha_V": 0.4, "seed": 3, **options}
    return SampledEngine(task, SampledNoise(batch), **options)


@pytest.mark.parametrize(("N", "T", "Q"), [(5, 40, 2), (4, 5, 4), (7, 10**12, 2)])
def test_the_mean_of_a_step_is_the_expected_gradient(N, T, Q):
    """`docs/model.md`, section 3: off the support a gradient is that of the intercept."""
    task, rate = a_task(N, T, Q), 1e-6
    found = []
    for replica in range(25):
        engine = made(task, 16_000, replica=replica)
        s, W = engine.A.support.copy(), engine.V.W.copy()
        engine.advance(a_stage(task, rate_A=rate, rate_V=rate), 1)
        off = engine.off.along / np.sqrt(T - Q)
        of_A = (s - (engine.A.support - off[:, None])) / rate
        found.append(np.concatenate([of_A.ravel(), (W - engine.V.W).ravel() / rate]))
    kappa, kappa_prime = np.square(W).sum(), (W * task.P_tilde).sum()
    c = (1.0 - s.sum(axis=1)) / T
    a = s + c[:, None]
    nA = task.mu @ (np.square(a).sum(axis=1) + (T - Q) * c * c)
    qA = task.mu @ (a * task.q_weights).sum(axis=1)
    right = [kappa * s - kappa_prime * task.q_weights, nA * W - qA * task.P_tilde]
    right = np.concatenate([each.ravel() for each in right])
    error = np.std(found, axis=0, ddof=1) / 5.0
    # Student's t with 24 degrees of freedom: less than 1e-6 for all of them together.
    assert (np.abs(np.mean(found, axis=0) - right) < 9.0 * error + 1e-9).all()


@pytest.mark.parametrize(
    ("N", "batch"),
    [(4, 1), (4, 1000), (40, 3000), pytest.param(2100, 130, marks=pytest.mark.slow)],
)
def test_threads_do_not_change_the_bits(N, batch):
    task = a_task(N, 5000, P_concentration=0.2)
    stage = a_stage(task, rate_A=0.01, rate_V=0.01)
    one, three = (made(task, batch, threads=threads) for threads in (1, 3))
    assert len(three.batch.sums.z) == min(3, groups_of(N, batch))
    np.testing.assert_array_equal(one.advance(stage, 2).rows, three.advance(stage, 2).rows)
    for name, array in one.state().items():
        np.testing.assert_array_equal(array, three.state()[name])


def test_a_run_stopped_and_resumed_is_the_same_to_the_bit(tmp_path):
    spec = run_spec(*SAMPLED, "output.final_state=true")
    whole = simulate(spec, output=tmp_path / "whole.h5")
    assert whole.attrs["engine"] == "sampled"
    assert_resumes(spec, tmp_path / "whole.h5", tmp_path / "run.h5", 1)


def test_replicas_are_runs_of_their_own():
    together = simulate(run_spec(*SAMPLED, "dynamics.replicas=3"))
    for i in range(3):
        alone = simulate(run_spec(*SAMPLED, f"dynamics.replica={i}"))
        np.testing.assert_array_equal(rows(together.isel(replica=i)), rows(alone))


@pytest.mark.parametrize(
    ("words", "key", "said"),
    [
        (["dynamics.rule=prox", "dynamics.engine=sampled"], "dynamics.rule", "needs entries"),
        (["dynamics.engine=sparse"], "dynamics.engine", "not exact under noise.model"),
        (["dynamics.engine=sampled", "noise.model=matched"], "dynamics.engine", "not exact"),
        (["dynamics.value=collapsed"], "dynamics.value", "has no matrix V"),
    ],
)
def test_what_it_cannot_do_is_refused(words, key, said):
    with pytest.raises(SpecError, match=said) as error:
        run_spec(*SAMPLED, *words)
    assert key in str(error.value)


def test_a_task_known_by_K_P_is_refused():
    task = {key: value for key, value in TASK.items() if key != "P_concentration"}
    with pytest.raises(SpecError, match="needs the matrix P"):
        RunSpec.from_dict(
            {
                "task": {**task, "K_P": 0.2},
                "noise": {"model": "sampled"},
                "stage": [{"steps": 2, "rule": "sgd"}],
                "dynamics": {"batch_size": 10},
            }
        )


def test_a_batch_beyond_the_random_stream_is_refused():
    with pytest.raises(InputError, match=r"dynamics\.batch_size: .* takes up to"):
        made(a_task(100, 1000), 10**10)


@pytest.mark.parametrize("before", ["batch", "sampled"])
def test_a_start_from_the_last_state_of_a_run(tmp_path, before):
    first = ["dynamics.engine=batch", "dynamics.rule=sgd"] if before == "batch" else SAMPLED
    spec = run_spec(*first, "dynamics.batch_size=300", "output.final_state=true")
    ended = simulate(spec, output=tmp_path / "first.h5")
    after = simulate(run_spec(*SAMPLED, f"init.from={tmp_path / 'first.h5'}"))
    np.testing.assert_allclose(rows(after)[0], rows(ended)[-1], rtol=1e-6)


def test_entries_are_had_of_its_last_state(tmp_path):
    spec = run_spec(*SAMPLED, "output.final_state=true")
    ended = simulate(spec, output=tmp_path / "first.h5")
    after = simulate(run_spec(f"init.from={tmp_path / 'first.h5'}"))
    np.testing.assert_allclose(rows(after)[0], rows(ended)[-1], rtol=1e-6)
