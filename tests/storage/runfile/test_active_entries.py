"""States of active entries in a file: lists of any length, end to end, and snapshots for SciPy."""

from __future__ import annotations

import h5py
import numpy as np
import pytest
from scbsim_testing.small_runs import TASK, assert_same, rows, run_spec
from scipy.sparse import csc_array

from scbsim import load, simulate
from scbsim.observables import NAMES
from scbsim.storage.runfile.states import read_state
from scbsim.trajectory.header import RunHeader

N, T = TASK["N"], TASK["T"]
GROWING = ("dynamics.engine=sparse", "dynamics.rule=denoise", "dynamics.batch_size=1000")
STAGES = [{"steps": 30, "threshold_sigmas": 1.5}]


def spec_of(*words):
    return run_spec(*GROWING, *words, stages=STAGES)


def matrices(group, i, mu):
    """A and V of a snapshot, as the page on files says."""
    step, state = read_state(group, i)
    s = csc_array((state["data"], state["indices"], state["indptr"]), shape=(T, N))
    V = state["W"] / np.sqrt(mu) + state["mean"][:, None]
    return step, s.toarray() + state["intercept"], V


def test_snapshots_are_the_matrices_that_the_rows_are_of(tmp_path):
    path = tmp_path / "run.h5"
    run = simulate(spec_of("output.snapshot_every=10"), output=path)
    lengths = []
    with h5py.File(path) as file:
        mu, P = file["task/mu"][:], file["task/P"][:]
        Q = np.zeros((T, N))
        np.put_along_axis(Q, file["task/q_positions"][:].T, file["task/q_weights"][:].T, axis=0)
        for i in range(4):
            step, A, V = matrices(file["snapshots"], i, mu)
            lengths.append(np.ptp(file["snapshots/indptr"][i]))
            last = dict(zip(NAMES, rows(run)[step], strict=True))
            np.testing.assert_allclose(A.sum(axis=0), 1.0, atol=1e-12)
            np.testing.assert_allclose((mu * (A - Q) ** 2).sum() ** 0.5, last["dist_A"], rtol=1e-9)
            np.testing.assert_allclose((mu * (V - P) ** 2).sum() ** 0.5, last["dist_V"], rtol=1e-9)
        assert len(file["snapshots/data"]) == sum(lengths)
    assert lengths == sorted(lengths)
    assert lengths[-1] > lengths[1] > lengths[0], "lists must grow to test anything"


@pytest.mark.slow
def test_a_run_in_parts_keeps_the_same_states(checked_here, tmp_path):
    spec = spec_of("output.snapshot_every=4", "output.final_state=true")
    whole, parts = tmp_path / "whole.h5", tmp_path / "parts.h5"
    simulate(spec, output=whole)
    for _ in range(20):
        looks = iter([False] * 2 + [True])
        run = simulate(spec, output=parts, resume=True, stop=lambda looks=looks: next(looks))
        if run.attrs["status"] == "complete":
            break
    assert_same(run, load(whole))
    with h5py.File(whole) as one, h5py.File(parts) as other:
        for group, count in (("snapshots", 8), ("final", 1)):
            for i in range(count):
                (step, state), (step_2, state_2) = (read_state(f[group], i) for f in (one, other))
                assert step == step_2
                assert state.keys() == state_2.keys()
                assert all(state[name].tobytes() == state_2[name].tobytes() for name in state)


@pytest.mark.parametrize("wanted", ["auto", "true"])
def test_a_last_state_that_grew_too_large_is_left_out_unless_asked_for(
    tmp_path, monkeypatch, wanted
):
    path = tmp_path / "run.h5"
    monkeypatch.setattr(RunHeader, "KEPT_UNDER", 600)
    simulate(spec_of(f"output.final_state={wanted}", "dynamics.value=collapsed"), output=path)
    with h5py.File(path) as file:
        assert len(file["final/step"]) == (wanted == "true")


def test_the_last_stage_may_be_longer(tmp_path):
    path, whole = tmp_path / "run.h5", tmp_path / "whole.h5"
    simulate(spec_of(), output=path)
    longer = spec_of().replace(**{"stage.0.steps": 45})
    run = simulate(longer, output=path, resume=True)
    assert_same(run, simulate(longer, output=whole))
