"""Files of runs whose task is known by its scalars: read, gone on from, started from."""

from __future__ import annotations

import h5py
import numpy as np
import pytest
from scbsim_testing.small_runs import assert_same

from scbsim import RunSpec, Task, load, simulate
from scbsim.errors import InputError
from scbsim.storage.description import describe
from scbsim.storage.runfile.reader import last_state

TASK = {"N": 6, "T": 60, "Q": 2, "K_P": 0.3, "seed": 1}


def spec_of(*words, task=TASK, steps=20, **init):
    stage = [{"steps": steps, "threshold_sigmas": 2.0}]
    tables = {"task": task, "dynamics": {"batch_size": 1e5}, "init": init, "stage": stage}
    return RunSpec.from_dict(tables, overrides=words)


@pytest.fixture(params=["dense", "sparse", "population"])
def engine(request):
    return f"dynamics.engine={request.param}"


def test_the_file_has_no_P_and_all_else(engine, tmp_path):
    path = tmp_path / "run.h5"
    run = simulate(spec_of(engine), output=path)
    with h5py.File(path) as file:
        assert set(file["task"]) == {"mu", "q_positions", "q_weights"}
        assert file["task"].attrs["K_P"] == run.attrs["K_P"] == 0.3
    assert_same(load(path), simulate(spec_of(engine)))
    assert describe(path)["spec"]["task"]["K_P"] == 0.3
    task, state = last_state(path)
    assert (task.P, task.K_P, state["W"].size) == (None, 0.3, 0)


def test_another_run_takes_the_task(engine, tmp_path):
    path = tmp_path / "run.h5"
    simulate(spec_of(engine), output=path)
    again = simulate(spec_of(engine, task={"from": str(path)}))
    assert_same(again, load(path))


def test_it_resumes_to_the_same_bits(engine, tmp_path):
    path, spec = tmp_path / "run.h5", spec_of(engine, steps=3000)
    looks = iter([False] * 4 + [True])
    assert simulate(spec, output=path, stop=lambda: next(looks)).attrs["status"] == "stopped"
    assert_same(simulate(spec, output=path, resume=True), simulate(spec))


def test_a_longer_last_stage(engine, tmp_path):
    path = tmp_path / "run.h5"
    simulate(spec_of(engine), output=path)
    assert_same(
        simulate(spec_of(engine, steps=50), output=path, resume=True),
        simulate(spec_of(engine, steps=50)),
    )


@pytest.mark.parametrize("name", ["dense", "sparse"])
def test_another_run_starts_from_it(name, tmp_path):
    path, words = tmp_path / "run.h5", f"dynamics.engine={name}"
    old = simulate(spec_of(words), output=path)
    new = simulate(spec_of(words, **{"from": str(path)}))
    for column in ("alpha_A", "alpha_V", "delta_A", "delta_V", "loss"):
        np.testing.assert_allclose(new[column][0], old[column][-1], rtol=1e-6)


@pytest.mark.parametrize(
    ("task", "words", "said"),
    [
        (TASK | {"K_P": 0.4}, (), "take a task with its P in place of task.K_P here"),
        (
            {k: v for k, v in TASK.items() if k != "K_P"} | {"P_concentration": 0.02},
            ("dynamics.value=collapsed",),
            'dynamics.value = "matrix" and a task with its P in place of task.K_P',
        ),
    ],
)
def test_no_start_on_another_P(task, words, said, tmp_path):
    path = tmp_path / "run.h5"
    simulate(spec_of("dynamics.engine=sparse"), output=path)
    with pytest.raises(InputError, match=said):
        simulate(spec_of("dynamics.engine=sparse", *words, task=task, **{"from": str(path)}))


def test_no_start_from_a_matrix(tmp_path):
    path = tmp_path / "run.h5"
    task = {k: v for k, v in TASK.items() if k != "K_P"} | {"P_concentration": 0.02}
    simulate(spec_of("dynamics.engine=dense", task=task), output=path)
    with pytest.raises(InputError, match="stored V as a matrix, and here P is unknown"):
        simulate(spec_of("dynamics.engine=dense", **{"from": str(path)}))


@pytest.mark.parametrize("words", ["dynamics.value=matrix", "output.snapshot_every=5"])
def test_a_matrix_is_refused_of_a_file_too(words, tmp_path):
    path, out = tmp_path / "run.h5", tmp_path / "new.h5"
    simulate(spec_of("dynamics.engine=sparse"), output=path)
    with pytest.raises(InputError, match="without its P: there is no matrix V"):
        simulate(spec_of("dynamics.engine=sparse", words, task={"from": str(path)}), output=out)
    assert not out.exists()


def test_a_task_given_has_the_K_P_of_the_spec():
    task = Task.random(6, 60, 2, K_P=0.2, seed=1)
    with pytest.raises(InputError, match=r"task.K_P: 0.3 in the spec, 0.2 in the task given"):
        simulate(spec_of(), task=task)
