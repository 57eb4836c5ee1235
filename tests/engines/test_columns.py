"""SGD under matched noise on Q + 2 numbers a column: its steps, bits, starts, and refusals."""

from __future__ import annotations

import numpy as np
import pytest
from scbsim_testing.real_batches import a_stage, a_task
from scbsim_testing.small_runs import rows, run_spec
from scbsim_testing.stopped_runs import assert_resumes

from scbsim import simulate
from scbsim.engines.columns import ColumnsEngine, spread_of_levels
from scbsim.engines.dense import DenseEngine
from scbsim.engines.noise import MatchedNoise, NoiseLevels
from scbsim.errors import SpecError
from scbsim.kernels.matched.power_sums import powers_of_bulk

pytestmark = pytest.mark.filterwarnings("ignore::scbsim.errors.TaskWarning")

COLUMNS = ("dynamics.rule=sgd", "noise.model=matched", "dynamics.engine=columns")
START = {"alpha_A": 0.3, "alpha_V": 0.4}
QUIET = 10**30  # samples, so that there is no noise to speak of


def made(task, batch=300, every=2, **options):
    noise = MatchedNoise(batch, every, covariances=options.pop("covariances", True))
    return ColumnsEngine(task, noise, **{**START, "seed": 3, **options})


# Levels alone have a kernel of their own.
WITH_AND_WITHOUT = [pytest.param(False, marks=pytest.mark.slow), True]


@pytest.mark.parametrize("covariances", WITH_AND_WITHOUT)
@pytest.mark.parametrize(("N", "T", "Q"), [(4, 30, 2), (3, 3, 3), (3, 4, 3), (3, 5, 3)])
def test_without_noise_it_is_the_dense_engine(N, T, Q, covariances):
    task, stage = a_task(N, T, Q), a_stage(a_task(N, T, Q), rate_A=0.2, rate_V=0.1)
    dense = DenseEngine(task, NoiseLevels.none(task), **START, dtype=np.float64)
    right = dense.advance(stage, 12).rows
    found = made(task, QUIET, covariances=covariances).advance(stage, 12).rows
    np.testing.assert_allclose(found, right, rtol=1e-9, atol=1e-9)


def test_sums_of_powers_are_those_of_a_uniform_direction():
    N, T, Q, n = 3, 40, 2, 38
    task, rng = a_task(N, T, Q), np.random.default_rng(7)
    engine = made(task)
    engine.off.along[:], engine.off.square[:] = (0.9, -1.4, 0.0), (2.0, 0.7, 1.3)
    still = a_stage(task, rate_A=0.0, rate_V=0.0)
    engine.advance(still, 1)
    dense = DenseEngine(task, MatchedNoise(300, 2), **START, dtype=np.float64)
    found = np.zeros((4000, N, 2))
    off = np.ones((N, T), bool)
    np.put_along_axis(off, task.q_positions, False, axis=1)
    for sums in found:
        u = rng.normal(size=(N, n))
        u -= u.mean(axis=1, keepdims=True)
        u *= np.sqrt(engine.off.square / np.square(u).sum(axis=1))[:, None]
        dense.A.bulk[off] = (engine.off.along[:, None] / np.sqrt(n) + u).ravel()
        powers_of_bulk(dense.A, dense.scratch, False, sums)
    error = found.std(axis=0, ddof=1) / np.sqrt(len(found))
    # Six of them, by five standard errors.
    assert (np.abs(found.mean(axis=0) - engine._matched.powers) < 5.0 * error).all()


@pytest.mark.parametrize("covariances", WITH_AND_WITHOUT)
@pytest.mark.parametrize("at", [3, 8])
def test_a_call_may_be_cut_anywhere_and_a_state_be_taken_up(covariances, at):
    task = a_task(5, 5000, 2)
    stage = a_stage(task, rate_A=0.05, rate_V=0.05)
    whole, cut, other = (made(task, covariances=covariances) for _ in range(3))
    right = whole.advance(stage, 11).rows
    np.testing.assert_array_equal(cut.advance(stage, at).rows, right[:at])
    other.advance(stage, 2)
    other.restore(at, {name: array.copy() for name, array in cut.state().items()})
    np.testing.assert_array_equal(other.advance(stage, 11 - at).rows, right[at:])


@pytest.mark.slow
@pytest.mark.parametrize("T", [10**4, 10**8, 10**15])
def test_the_noise_off_the_support_has_its_size_at_any_T(T):
    task, rate = a_task(5, T, 2), 0.05
    engine = made(task, 10 * T, covariances=False)
    engine.advance(a_stage(task, rate_A=rate, rate_V=rate), 1)
    level, n = engine.noise.sigma_A, T - 2
    found = (engine.off.along**2 + engine.off.square) / (rate * level) ** 2
    # Chi-squares of n degrees of freedom, by five standard deviations.
    assert (np.abs(found / n - 1.0) < 5.0 * np.sqrt(2.0 / n) + 1e-12).all()


def test_a_run_stopped_and_resumed_is_the_same_to_the_bit(tmp_path):
    spec = run_spec(*COLUMNS, "noise.covariances=true", "output.final_state=true")
    whole = simulate(spec, output=tmp_path / "whole.h5")
    assert whole.attrs["engine"] == "columns"
    assert_resumes(spec, tmp_path / "whole.h5", tmp_path / "run.h5", 1)


def test_replicas_are_runs_of_their_own():
    together = simulate(run_spec(*COLUMNS, "dynamics.replicas=3"))
    for i in range(3):
        alone = simulate(run_spec(*COLUMNS, f"dynamics.replica={i}"))
        np.testing.assert_array_equal(rows(together.isel(replica=i)), rows(alone))


@pytest.mark.parametrize(
    ("words", "key", "said"),
    [
        (["dynamics.rule=prox"], "dynamics.rule", "this engine keeps those on the support alone"),
        (["noise.model=isotropic"], "dynamics.engine", "not exact under noise.model"),
        (["dynamics.value=collapsed"], "dynamics.value", "has no matrix V"),
    ],
)
def test_what_it_cannot_do_is_refused(words, key, said):
    with pytest.raises(SpecError, match=said) as error:
        run_spec(*COLUMNS, *words)
    assert key in str(error.value)


@pytest.mark.parametrize(
    "before", ["dense", "columns", pytest.param("sampled", marks=pytest.mark.slow)]
)
def test_a_start_from_the_last_state_of_a_run(tmp_path, before):
    first = list(COLUMNS)
    if before == "dense":
        first[2] = "dynamics.engine=dense"
    elif before == "sampled":
        first = ["dynamics.rule=sgd", "noise.model=sampled", "dynamics.engine=sampled"]
    spec = run_spec(*first, "dynamics.batch_size=300", "output.final_state=true")
    ended = simulate(spec, output=tmp_path / "first.h5")
    still = ("stage.0.rate_A=0", "stage.0.rate_V=0", f"init.from={tmp_path / 'first.h5'}")
    after = simulate(run_spec(*COLUMNS, *still))
    np.testing.assert_allclose(rows(after)[0], rows(ended)[-1], rtol=1e-6)


def test_entries_are_had_of_its_last_state(tmp_path):
    spec = run_spec(*COLUMNS, "output.final_state=true")
    ended = simulate(spec, output=tmp_path / "first.h5")
    after = simulate(run_spec(f"init.from={tmp_path / 'first.h5'}"))
    np.testing.assert_allclose(rows(after)[0], rows(ended)[-1], rtol=1e-6)


def test_the_spread_of_levels_falls_with_T():
    at = [spread_of_levels(a_task(6, T, 2)) for T in (102, 1002, 10**9)]
    assert at[1] == pytest.approx(at[0] / 10.0)
    assert 0.0 < at[2] < 1e-7 < at[0] < 0.2
