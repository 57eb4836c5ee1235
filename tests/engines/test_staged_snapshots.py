"""Snapshots of a staged run: drawn entries under SGD, and lists of them under an l1 rule."""

from __future__ import annotations

from functools import partial
from itertools import pairwise

import h5py
import numpy as np
import pytest
import xarray as xr
from scbsim_testing.real_batches import a_stage, a_task
from scbsim_testing.small_runs import assert_same, run_spec

from scbsim import load, matrices, simulate
from scbsim.engines import hand_over
from scbsim.engines.collapsed import CollapsedEngine
from scbsim.engines.dense import DenseEngine
from scbsim.engines.matrices import attention_of, value_of
from scbsim.engines.noise import MatchedNoise, NoiseLevels
from scbsim.engines.select import plan_of
from scbsim.engines.staged import StagedEngine
from scbsim.engines.stages import Stage
from scbsim.storage.needed import disk_needed
from scbsim.studies.verify.comparison import compare
from scbsim.task import Task

pytestmark = pytest.mark.filterwarnings("ignore::scbsim.errors.TaskWarning")

CHANCE = 1e-6
N, T = 3, 60
TIMES = (2, 4, 5, 8)
SGD_STEPS = 4
START = {"alpha_A": 0.1, "alpha_V": 0.4}
NOISE = {
    "isotropic": lambda task: NoiseLevels(0.05 / np.sqrt(task.mu), 0.05),
    "covariances": lambda task: MatchedNoise(60, 2, covariances=True),
}


def matrices_of(engine, snapshot):
    """(N, T) and (N, N): A and V of a snapshot, or of the state of a dense engine."""
    state = engine.state()
    if snapshot:
        state = engine.snapshot()
        if "bulk" in state:
            (every,) = np.empty((1, *state["bulk"].shape))
            for there, block in state["bulk"].blocks():
                every[there] = block
            state = {**state, "bulk": every}
    A, intercept = attention_of(state, engine.task)
    A = A if isinstance(A, np.ndarray) else A.toarray()
    return (A + intercept).T, value_of(state, engine.task)


def features(A, V, before, truth):
    """(9,): of a snapshot beside one before it."""
    a, v = before
    far = A > A.mean(axis=1, keepdims=True) + 0.03
    return np.array(
        [
            A[0, 0],
            A[1].max() - a[1].max(),
            np.abs(A[2]).max(),
            (A * a).sum(),
            float(far.sum()),
            V[0, 1],
            (V * v).sum(),
            ((V - v) ** 2).sum(),
            ((A @ A.T) * V).sum(),
        ]
    )


def observed(engine, runs, snapshot, level=0.3):
    """(runs, 3 times, 9): observables, those of a normalised copy, and features of the matrices."""
    task = engine.task
    lam = np.full(task.N, 0.2)
    stages = (
        a_stage(task, rate_A=0.2, rate_V=0.15),
        Stage(1, "prox", 9, 0.2, 0.15, lam, np.inf, None),
    )
    start = {name: array.copy() for name, array in engine.state().items()}
    found = np.zeros((runs, 3 * len(TIMES), 9))
    for i in range(runs):
        engine.restore(0, start)
        engine.constants = engine.constants._replace(replica=np.uint64(i))
        before = matrices_of(engine, snapshot)
        for j, time in enumerate(TIMES):
            stage = stages[time > SGD_STEPS]
            rows = engine.advance(stage, time - engine.step).rows
            if not len(rows) or engine.step < time:
                break  # a run that diverges
            now = matrices_of(engine, snapshot)
            copy = engine.normalized(level)[0]
            found[i, 3 * j : 3 * j + 3] = rows[-1], copy, features(*now, before, task.P)
            before = now
    return found


def least(noise, runs):
    task = a_task(N, T, 2, P_concentration=0.1)
    made = partial(DenseEngine, dtype=np.float64, value=True)
    truth = observed(made(task, NOISE[noise](task), **START, seed=1), runs, False)
    other = StagedEngine(task, NOISE[noise](task), **START, seed=2, value=True)
    labels = tuple(f"{time} {what}" for time in TIMES for what in ("raw", "normalised", "matrices"))
    outcome = compare(("", ""), labels, truth, observed(other, runs, True), 1e-10)
    return outcome.worst.p * outcome.count


@pytest.mark.slow
@pytest.mark.parametrize("noise", NOISE)
def test_the_law_is_that_of_the_dense_engine(noise):
    """Raw and normalised observables and matrices, jointly over snapshots of both parts."""
    assert least(noise, 1500) > CHANCE


def test_the_law_in_short():
    assert least("isotropic", 120) > CHANCE


@pytest.mark.slow
@pytest.mark.parametrize(
    ("where", "name"), [(CollapsedEngine, "entries"), (CollapsedEngine, "value")]
)
def test_matrices_that_are_drawn_anew_at_the_hand_over_are_seen(where, name, monkeypatch):
    draw = getattr(where, name)

    def anew(self):
        """Draw at an address of its own, as if nothing had been drawn before."""
        if name == "value":
            self._direction, since = np.empty((0, 0)), np.empty(0)
            self._value = self._value._replace(since=since)
        elif len(self._directions.drawn) and self._rests().any():
            self._set_since(0.0 * self._since)
            self._first_step += 1
            found = draw(self)
            self._first_step -= 1
            return found
        return draw(self)

    first_step = hand_over.first_step

    def hands_over(*arguments):
        monkeypatch.setattr(where, name, anew)
        row = first_step(*arguments)
        monkeypatch.setattr(where, name, draw)
        return row

    monkeypatch.setattr(hand_over, "first_step", hands_over)
    assert least("isotropic", 1500) < 1e-3 * CHANCE


def staged_spec(*words, steps=(12, 20)):
    stages = [
        {"steps": steps[0], "rule": "sgd", "rate_A": 0.1, "rate_V": 0.1},
        {"steps": steps[1], "rule": "prox", "rate_A": 0.1, "rate_V": 0.1, "threshold": 0.03},
    ]
    return run_spec("dynamics.engine=staged", *words, stages=stages)


EVERY = ("output.snapshot_every=6", "output.normalized_every=5", "output.final_state=true")


@pytest.mark.parametrize("noise", ["isotropic", pytest.param("matched", marks=pytest.mark.slow)])
def test_a_run_with_snapshots_resumes_to_the_same_bits_from_either_part(tmp_path, noise):
    spec = staged_spec(f"noise.model={noise}", "dynamics.batch_size=3000", *EVERY)
    whole = simulate(spec, output=tmp_path / "whole.h5")
    assert whole.attrs["engine"] == "staged"
    steps = [0, 6, 12, 18, 24, 30]
    for stop_at in 2, 5:
        path, calls = tmp_path / f"{stop_at}.h5", []
        simulate(spec, output=path, stop=lambda: calls.append(1) or len(calls) > stop_at)  # noqa: B023
        assert load(path).attrs["status"] == "stopped"
        simulate(spec, output=path, resume=True)
        assert_same(load(path), load(tmp_path / "whole.h5"))
        with h5py.File(path) as file, h5py.File(tmp_path / "whole.h5") as other:
            assert file["snapshots/step"][:].tolist() == steps
            assert file["snapshots/part"][:, 0].tolist() == [0, 0, 0, 1, 1, 1]
            for group in "snapshots", "final":
                for name, data in file[group].items():
                    np.testing.assert_array_equal(data[()], other[group][name][()])


def test_readers_find_the_matrices_of_both_parts(tmp_path):
    path = tmp_path / "run.h5"
    run = simulate(staged_spec(*EVERY), output=path)
    for step in 0, 6, 12, 18, 30:
        at = matrices(path, step)
        assert isinstance(at.A, np.ndarray) == (step <= 12)
        A, V, task = at.dense(), at.V, at.task
        np.testing.assert_allclose(A.sum(axis=0), 1.0, rtol=1e-9)
        np.testing.assert_allclose(V.sum(axis=0), 1.0, rtol=1e-9)
        # alpha_A and alpha_V by their definitions.
        q = np.zeros((task.N, task.T))
        np.put_along_axis(q, task.q_positions, task.q_weights, axis=1)
        q -= 1.0 / task.T
        signal = (task.mu[:, None] * q * A.T).sum() / task.K_Q
        np.testing.assert_allclose(signal, run["alpha_A"].sel(step=step), rtol=1e-9)
        P = task.P - task.mu[:, None]
        signal = (P * task.mu * V).sum() / task.K_P
        np.testing.assert_allclose(signal, run["alpha_V"].sel(step=step), rtol=1e-9)
    with h5py.File(path) as file:
        group = file["snapshots"]
        # Nothing is stored of what a part does not have.
        assert np.isnan(group["bulk"][3:]).all()
        assert np.isfinite(group["bulk"][:3]).all()
        assert group["bulk"].id.get_storage_size() <= 3 * group["bulk"][0].nbytes
        assert (np.diff(group["indptr"][:3]) == 0).all()
    with xr.open_dataset(path, engine="h5netcdf", group="snapshots") as found:
        assert found.sizes["step"] == 6


def test_sgd_after_an_l1_rule_has_snapshots(tmp_path):
    """Its V is known again, and entries and V before and after the hand-over go together."""
    stages = [
        {"steps": 4, "rule": rule, "rate_A": 0.1, "rate_V": 0.1}
        | ({"threshold": 0.03} if rule == "prox" else {})
        for rule in ("sgd", "prox", "sgd", "prox")
    ]
    words = ("dynamics.engine=staged", "output.snapshot_every=1", "noise.model=isotropic")
    simulate(run_spec(*words, stages=stages), output=tmp_path / "run.h5")
    with h5py.File(tmp_path / "run.h5") as file:
        assert file["snapshots/part"][:, 0].tolist() == [0] * 5 + [1] * 4 + [0] * 4 + [1] * 4
    found = [matrices(tmp_path / "run.h5", step) for step in range(17)]
    for one, other in pairwise(found):
        # A step at these rates moves a matrix by less than a new direction would.
        assert np.linalg.norm(other.V - one.V) < 0.5 * np.linalg.norm(one.V - one.task.mu[:, None])


def test_the_matrix_V_is_drawn_at_the_hand_over():
    task = a_task(N, T, 2)
    engine = StagedEngine(task, NOISE["isotropic"](task), **START, seed=1, value=True)
    engine.advance(a_stage(task, rate_A=0.2, rate_V=0.15), 3)
    V = matrices_of(engine, True)[1]
    lam = np.full(task.N, 0.2)
    still = Stage(1, "prox", 9, 0.2, 0.0, lam, np.inf, None)
    engine.advance(still, 1)
    np.testing.assert_allclose(matrices_of(engine, True)[1], V, rtol=1e-12)
    np.testing.assert_allclose(
        engine.part.V.scalars[1],
        np.square(engine.part.V.W - engine.part.V.scalars[0] * task.P_tilde).sum(),
    )


def test_the_estimate_of_space_counts_every_entry_of_sgd_alone():
    spec = staged_spec("output.snapshot_every=6")
    task = Task.from_spec(spec.task)
    needed = disk_needed(plan_of(spec, task)).snapshots
    bulk = 8 * task.N * task.T
    assert 3 * bulk < needed < 4 * bulk + 60_000
