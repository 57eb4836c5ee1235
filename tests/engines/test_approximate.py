"""SGD under matched noise with V by two scalars: its steps, bits, starts, refusals."""

from __future__ import annotations

import numpy as np
import pytest
from scbsim_testing.real_batches import a_stage, a_task
from scbsim_testing.small_runs import rows, run_spec
from scbsim_testing.stopped_runs import assert_resumes

from scbsim import simulate
from scbsim.engines.approximate import ApproximateEngine
from scbsim.engines.dense import DenseEngine
from scbsim.engines.noise import MatchedNoise
from scbsim.errors import InputError, SpecError

pytestmark = pytest.mark.filterwarnings("ignore::scbsim.errors.TaskWarning")

WORDS = ("dynamics.rule=sgd", "noise.model=matched", "dynamics.engine=approximate")
START = {"alpha_A": 0.3, "alpha_V": 0.4}
QUIET = 10**30  # samples, so that there is no noise to speak of


def made(task, batch=300, every=2, covariances=True):
    noise = MatchedNoise(batch, every, covariances=covariances)
    return ApproximateEngine(task, noise, **START, seed=3)


@pytest.mark.slow
@pytest.mark.parametrize(("N", "T", "Q"), [(4, 30, 2), (2, 30, 2), (3, 3, 3), (3, 4, 3)])
def test_without_noise_it_is_the_dense_engine(N, T, Q):
    task = a_task(N, T, Q)
    stage = a_stage(task, rate_A=0.2, rate_V=0.1)
    dense = DenseEngine(task, MatchedNoise(QUIET, 2), **START, dtype=np.float64)
    right = dense.advance(stage, 12).rows
    for covariances in False, True:
        found = made(task, QUIET, covariances=covariances).advance(stage, 12).rows
        np.testing.assert_allclose(found, right, rtol=1e-9, atol=1e-9)


@pytest.mark.slow
@pytest.mark.parametrize("covariances", [False, True])
def test_a_call_may_be_cut_anywhere_and_a_state_be_taken_up(covariances):
    task = a_task(5, 5000, 2)
    stage = a_stage(task, rate_A=0.05, rate_V=0.05)
    whole, cut, other = (made(task, covariances=covariances) for _ in range(3))
    right = whole.advance(stage, 11).rows
    np.testing.assert_array_equal(cut.advance(stage, 7).rows, right[:7])
    other.advance(stage, 2)
    other.restore(7, {name: array.copy() for name, array in cut.state().items()})
    np.testing.assert_array_equal(other.advance(stage, 4).rows, right[7:])


def test_its_state_has_no_matrix():
    arrays = made(a_task(40, 5000, 2)).state()
    assert max(array.size for array in arrays.values()) <= 40 * 4 * 5  # the factors of columns


@pytest.mark.slow
def test_a_run_stopped_and_resumed_is_the_same_to_the_bit(tmp_path):
    spec = run_spec(*WORDS, "noise.covariances=true", "output.final_state=true")
    whole = simulate(spec, output=tmp_path / "whole.h5")
    assert whole.attrs["engine"] == "approximate"
    assert_resumes(spec, tmp_path / "whole.h5", tmp_path / "run.h5", 1)


@pytest.mark.slow
@pytest.mark.parametrize("before", ["dense", "columns", "approximate"])
def test_a_start_from_the_last_state_of_a_run(tmp_path, before):
    first = (*WORDS[:2], f"dynamics.engine={before}", "output.final_state=true")
    ended = simulate(run_spec(*first), output=tmp_path / "first.h5")
    still = ("stage.0.rate_A=0", "stage.0.rate_V=0", f"init.from={tmp_path / 'first.h5'}")
    after = simulate(run_spec(*WORDS, *still))
    np.testing.assert_allclose(rows(after)[0], rows(ended)[-1], rtol=1e-6)


@pytest.mark.slow
def test_auto_goes_on_with_what_it_starts_from(tmp_path):
    simulate(run_spec(*WORDS, "output.final_state=true"), output=tmp_path / "first.h5")
    after = simulate(
        run_spec(*WORDS[:2], "dynamics.engine=auto", f"init.from={tmp_path / 'first.h5'}")
    )
    assert after.attrs["engine"] == "approximate"


@pytest.mark.slow
def test_a_matrix_is_not_had_of_its_last_state(tmp_path):
    simulate(run_spec(*WORDS, "output.final_state=true"), output=tmp_path / "first.h5")
    columns = (*WORDS[:2], "dynamics.engine=columns", f"init.from={tmp_path / 'first.h5'}")
    with pytest.raises(InputError, match="this one keeps it as a matrix"):
        simulate(run_spec(*columns))


@pytest.mark.slow
def test_normalised_copies_draw_the_entries_of_A():
    mine, columns = (
        simulate(run_spec(*words, "output.normalized_every=5"))
        for words in (WORDS, (*WORDS[:2], "dynamics.engine=columns"))
    )
    assert len(mine["normalized_step"]) > 3
    assert (mine["normalized_count"] == columns["normalized_count"]).all()
    for name in ("normalized_dist_A", "normalized_dist_V"):
        np.testing.assert_allclose(mine[name], columns[name], rtol=0.2)


@pytest.mark.parametrize(
    ("words", "key", "said"),
    [
        (["dynamics.rule=prox"], "dynamics.rule", "this engine keeps those on the support alone"),
        (["noise.model=isotropic"], "dynamics.engine", "not exact under noise.model"),
        (["dynamics.value=matrix"], "dynamics.value", "is not for the approximate engine"),
        (["task.K_P=0.3"], "noise.model", "needs the matrix P"),
        (["output.snapshot_every=5"], "output.snapshot_every", "no snapshots"),
    ],
)
def test_what_it_cannot_do_is_refused(words, key, said):
    with pytest.raises(SpecError, match=said) as error:
        run_spec(*WORDS, *words)
    assert key in str(error.value)
