"""States of every form, taken up by every engine: the same matrices, so the same observables."""

from __future__ import annotations

import json

import numpy as np
import pytest
from scbsim_testing.small_runs import rows

from scbsim import RunSpec, Task, load, matrices, simulate
from scbsim.errors import InputError

pytestmark = pytest.mark.filterwarnings("ignore::scbsim.errors.TaskWarning")

TASK = {"N": 6, "T": 40, "Q": 2, "P_concentration": 0.1, "seed": 1}
OTHER = {**TASK, "seed": 9, "mu": "dirichlet", "mu_concentration": 3.0, "Q": 3}
STAGE = {"steps": 30, "threshold_sigmas": 1.5}


def tables(engine, rule, task=TASK, **more):
    stage = {key: STAGE[key] for key in ("steps",) if rule == "sgd"} or STAGE
    return {
        "seed": 4,
        "task": task,
        "dynamics": {"engine": engine, "rule": rule, "precision": "float64", "batch_size": 1e4},
        "stage": [stage],
        **more,
    }


def source(folder, engine, rule, *words):
    path = folder / f"{engine}.h5"
    spec = RunSpec.from_dict(tables(engine, rule), overrides=["output.final_state=true", *words])
    simulate(spec, output=path)
    return path


def taken_up(path, engine, rule, task, *words):
    spec = RunSpec.from_dict(
        tables(engine, rule, task, init={"from": str(path)}), overrides=["stage.0.steps=1", *words]
    )
    return simulate(spec)


@pytest.mark.parametrize("task", [TASK, OTHER], ids=["same", "other"])
@pytest.mark.parametrize("engine", ["dense", "sparse", "collapsed"])
def test_matrices_are_the_same_to_every_engine(tmp_path, engine, task):
    of_V = () if engine == "collapsed" else ("dynamics.value=matrix",)
    path = source(tmp_path, engine, "sgd" if engine == "collapsed" else "denoise", *of_V)
    starts = [
        rows(taken_up(path, to, rule, task, f"dynamics.value={value}"))[0]
        for to, rule in (("dense", "prox"), ("sparse", "prox"), ("collapsed", "sgd"))
        for value in ("matrix", "collapsed")
        if (to, value) != ("collapsed", "matrix")
    ]
    for start in starts[1:]:
        np.testing.assert_allclose(start, starts[0], rtol=1e-10, atol=1e-13)
    assert starts[0][2] > 0.01, "a start without a rest would test little"


def test_a_state_goes_on_where_it_was(tmp_path):
    """On its own task the start is the end of the run before, whatever form it has."""
    for engine, rule in (("dense", "prox"), ("sparse", "denoise"), ("collapsed", "sgd")):
        path = source(tmp_path, engine, rule)
        end = rows(load(path))[-1]
        words = ["dynamics.value=collapsed"] if engine == "collapsed" else []
        start = rows(taken_up(path, engine, rule, TASK, *words))[0]
        np.testing.assert_allclose(start, end, rtol=1e-10)


def test_auto_looks_at_the_state(tmp_path):
    """At T = 40 every entry costs less than lists do, and at T = 10^6 more."""
    long = {**TASK, "T": 10**6}
    words = ("stage.0.threshold_sigmas=5.0", "dynamics.value=collapsed")
    for engine, rule, to in (("dense", "denoise", "dense"), ("collapsed", "sgd", "collapsed")):
        run = taken_up(source(tmp_path, engine, rule), "auto", rule, TASK)
        assert json.loads(run.attrs["provenance"])["engine"] == to
    path = tmp_path / "long.h5"
    simulate(RunSpec.from_dict(tables("sparse", "prox", long), overrides=words), output=path)
    run = taken_up(path, "auto", "prox", long, *words)
    assert json.loads(run.attrs["provenance"])["engine"] == "sparse"


@pytest.mark.parametrize(
    ("engine", "rule", "task", "words", "said"),
    [
        ("dense", "prox", TASK, (), "needs its entries"),
        ("sparse", "prox", TASK, (), "needs its entries"),
        ("collapsed", "sgd", OTHER, (), "nothing of another target"),
    ],
)
def test_a_few_numbers_say_no_more_than_they_do(
    tmp_path, monkeypatch, engine, rule, task, words, said
):
    """Where their entries were not drawn at the end of the run."""
    monkeypatch.setattr("scbsim.engines.without_entries.MOST_DRAWN", 0)
    path = source(tmp_path, "collapsed", "sgd", "output.final_state=auto")
    with pytest.raises(InputError, match=said):
        taken_up(path, engine, rule, task, *words)


def test_a_file_of_few_numbers_has_matrices(tmp_path):
    path = source(tmp_path, "collapsed", "sgd")
    found, row, task = matrices(path), rows(load(path))[-1], Task.random(**TASK)
    A, Q = found.dense(), np.zeros((task.T, task.N))
    np.put_along_axis(Q, task.q_positions.T, task.q_weights.T - 1.0 / task.T, axis=0)
    D = found.task.mu * (Q + np.where(Q == 0.0, -1.0 / task.T, 0.0))
    np.testing.assert_allclose((A * D).sum() / task.K_Q, row[0], rtol=1e-9)
    W = (found.V - task.mu[:, None]) * np.sqrt(task.mu)
    np.testing.assert_allclose((W * task.P_tilde).sum() / task.K_P, row[1], rtol=1e-9)


def test_scalars_of_V_say_nothing_of_another_P(tmp_path):
    path = source(tmp_path, "sparse", "prox", "dynamics.value=collapsed")
    with pytest.raises(InputError, match="nothing of another P"):
        taken_up(path, "sparse", "prox", OTHER)
    with pytest.raises(InputError, match="keeps it as a matrix"):
        taken_up(path, "dense", "prox", TASK)
    taken_up(path, "dense", "prox", TASK, "dynamics.value=collapsed")


def test_the_population_process_is_a_start_too(tmp_path):
    path = source(tmp_path, "population", "sgd")
    starts = [rows(taken_up(path, to, "prox", TASK))[0] for to in ("dense", "sparse")]
    np.testing.assert_allclose(starts[0], starts[1], rtol=1e-10, atol=1e-14)


@pytest.mark.parametrize("engine", ["population", "sparse"])
def test_softmax_starts_from_a_state_that_has_active_entries_only(engine, tmp_path):
    """Its own start has a uniform part in every entry, of which nothing may stay."""
    words = ("stage.0.threshold_sigmas=9.0", "dynamics.batch_size=1e6")
    path = source(tmp_path, engine, "prox", *words)
    end = matrices(path).dense()
    assert end.min() > 0
    kept = ("output.final_state=true", "stage.0.rate_A=0")
    run = taken_up(path, "softmax", "sgd", TASK, "dynamics.batch_size=10", *kept)
    np.testing.assert_allclose(matrices(run).dense(), end, rtol=1e-10)
    np.testing.assert_allclose(rows(run)[0], rows(load(path))[-1], rtol=1e-7)
