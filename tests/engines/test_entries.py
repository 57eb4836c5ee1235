"""Entries of an A that is stored as a few numbers, drawn when they are asked for."""

from __future__ import annotations

import h5py
import numpy as np
import pytest
from scbsim_testing.few_numbers import START, collapsed, columns, drawn, ladder, sampled
from scbsim_testing.real_batches import a_stage, a_task
from scbsim_testing.small_runs import run_spec
from scbsim_testing.stopped_runs import assert_resumes

from scbsim import simulate
from scbsim.engines.dense import DenseEngine
from scbsim.engines.noise import NoiseLevels
from scbsim.errors import InputError

pytestmark = pytest.mark.filterwarnings("ignore::scbsim.errors.TaskWarning")

MADE = (columns, sampled, collapsed, ladder)


def dense_with(task, s, engine):
    """The dense engine with these entries, and the same V."""
    other = DenseEngine(task, NoiseLevels.none(task), **START, dtype=np.float64, value=False)
    other.A.bulk[:] = s
    other.A.support[:] = np.take_along_axis(s, task.q_positions, axis=1)
    np.put_along_axis(other.A.bulk, task.q_positions, 0.0, axis=1)
    other.A.off_sums[:, 0] = other.A.bulk.sum(axis=1)
    other.A.off_sums[:, 1] = np.square(other.A.bulk).sum(axis=1)
    other.V.scalars[:] = engine.V.scalars
    return other


@pytest.mark.parametrize("made", MADE)
@pytest.mark.parametrize(("N", "T", "Q"), [(4, 30, 2), (3, 3, 1), (3, 3, 3), (3, 5000, 2)])
def test_entries_have_the_observables_of_the_run(made, N, T, Q):
    """Raw and normalised, at three draws of which each turns the directions of the last."""
    task, rate = a_task(N, T, Q), 0.1
    engine = made(task)
    for _ in range(3):
        engine.advance(a_stage(task, rate_A=rate, rate_V=rate), 4)
        other = dense_with(task, drawn(engine), engine)
        np.testing.assert_allclose(other.observe(), engine.observe(), rtol=1e-9, atol=1e-12)
        for level in 0.05, 0.3, 0.9:
            row, count = engine.normalized(level)
            right, of_other = other.normalized(level)
            np.testing.assert_allclose(row, right, rtol=1e-9, atol=1e-11)
            assert count == of_other
    assert len(engine.state()["drawn"]) == (3 if engine._rests().any() else 0)


@pytest.mark.parametrize("made", [columns, collapsed])
def test_bits_do_not_depend_on_threads(made):
    task = a_task(3, 200_000, 2)
    found = []
    for hands in 1, 2, 3:
        engine = made(task)
        engine.use_threads(hands)
        stage = a_stage(task, rate_A=0.1, rate_V=0.1)
        rows = []
        for _ in range(2):
            engine.advance(stage, 3)
            rows.append(engine.normalized(0.01)[0])
        found.append(np.array(rows))
    np.testing.assert_array_equal(found[0], found[1])
    np.testing.assert_array_equal(found[0], found[2])


@pytest.mark.parametrize("made", MADE)
def test_a_state_goes_on_to_the_same_entries(made):
    task = a_task(4, 30, 2)
    stage = a_stage(task, rate_A=0.1, rate_V=0.1)
    whole, cut, other = made(task), made(task), made(task)
    for engine in whole, cut:
        engine.advance(stage, 3)
        engine.normalized(0.3)
        engine.advance(stage, 2)
    other.restore(5, {name: array.copy() for name, array in cut.state().items()})
    for engine in whole, other:
        engine.advance(stage, 4)
    np.testing.assert_array_equal(drawn(other), drawn(whole))


def test_a_direction_stays_where_nothing_moves():
    task = a_task(4, 30, 2)
    engine = columns(task)
    engine.advance(a_stage(task, rate_A=0.1, rate_V=0.1), 3)
    before = drawn(engine)
    engine.advance(a_stage(task, rate_A=0.0, rate_V=0.1), 3)
    np.testing.assert_allclose(drawn(engine), before, rtol=1e-9, atol=1e-13)


@pytest.mark.parametrize("made", [columns, collapsed])
def test_a_start_of_many_entries_is_not_kept(made, monkeypatch):
    for module in "collapsed", "off_support":
        monkeypatch.setattr(f"scbsim.engines.{module}.MOST_KEPT", 10)
    task = a_task(4, 30, 2)
    engine = made(task)
    before = DenseEngine(task, NoiseLevels(0.1 * np.ones(4), 0.1), **START, dtype=np.float64)
    before.advance(a_stage(task, rate_A=0.1, rate_V=0.1), 3)
    engine.adopt(before.state(), task)
    assert np.isnan(engine.normalized(0.3)[0]).all()
    with pytest.raises(InputError, match="entries of its own, which it did not keep"):
        engine.entries()


KINDS = {
    "columns": ("noise.model=matched", "noise.covariances=true"),
    "sampled": ("noise.model=sampled",),
    "collapsed": ("noise.model=isotropic", "dynamics.value=auto"),
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_run_with_snapshots_and_copies_resumes_to_the_same_bits(tmp_path, kind):
    words = (*KINDS[kind], "dynamics.rule=sgd", f"dynamics.engine={kind}")
    every = ("output.snapshot_every=8", "output.normalized_every=5", "output.final_state=true")
    spec = run_spec(*words, *every, "dynamics.batch_size=300")
    whole = simulate(spec, output=tmp_path / "whole.h5")
    assert np.isfinite(whole["normalized_delta_A"].values).all()
    assert_resumes(spec, tmp_path / "whole.h5", tmp_path / "run.h5", 2)
    with h5py.File(tmp_path / "run.h5") as file:
        assert file["snapshots/step"][:].tolist() == [0, 8, 16]
        assert np.ptp(file["snapshots/W"][:], axis=(1, 2)).all()
        bulk, sums = file["snapshots/bulk"][:], file["snapshots/off_sums"][:]
        np.testing.assert_allclose(bulk.sum(axis=2), sums[..., 0], atol=1e-12)
        np.testing.assert_allclose(np.square(bulk).sum(axis=2), sums[..., 1], rtol=1e-9)
