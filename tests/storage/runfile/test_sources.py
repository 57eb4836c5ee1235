"""A run goes on with its own task and from its own start, or says in what another one differs."""

import h5py
import numpy as np
import pytest
from scbsim_testing.small_runs import TASK, assert_same, run_spec

from scbsim import RunSpec, Task, load, simulate
from scbsim.errors import OutputError, RunWarning
from scbsim.task.digest import differing, digest_of, parts_of
from scbsim.task.file import write_arrays

pytestmark = pytest.mark.usefixtures("checked_here")

ONE = Task.random(**TASK)
WORDS = {"single": (), "ensemble": ("dynamics.replicas=3",)}


def other(**changes):
    """A task like ``ONE`` but for some arrays, as they are."""
    return Task(**{**ONE.to_arrays(), **changes})


def moved(array):
    """The next number in one place."""
    array = array.copy()
    array.flat[1] = np.nextafter(array.flat[1], 1.0)
    return array


positions = ONE.q_positions.copy()
positions[0] = [0, 1] if positions[0].tolist() != [0, 1] else [0, 2]
OTHERS = {
    "mu": (other(mu=moved(ONE.mu)), "mu differs"),
    "P": (other(P=moved(ONE.P)), "P differs"),
    "q_positions": (other(q_positions=positions), "q_positions differs"),
    "q_weights": (other(q_weights=moved(ONE.q_weights)), "q_weights differs"),
    "T": (other(T=61), "T is 60 there and 61 here"),
    "N": (
        Task.random(**{**TASK, "N": 7}),
        "N is 6 there and 7 here; mu, P, q_positions and q_weigh",
    ),
    "Q": (Task.random(**{**TASK, "Q": 3}), "Q is 2 there and 3 here"),
    "another": (Task.random(**{**TASK, "seed": 9}), "P, q_positions and q_weights differ"),
    "no P": (
        Task.from_scalars(ONE.mu, 0.5, ONE.q_positions, ONE.q_weights, ONE.T),
        "K_P is not given there and 0.5 here; P differs",
    ),
}


@pytest.fixture(params=WORDS)
def spec(request):
    return run_spec(*WORDS[request.param])


@pytest.fixture(params=["complete", "stopped"])
def path(request, spec, tmp_path):
    path = tmp_path / "run.h5"
    stop = (lambda: True) if request.param == "stopped" else None
    simulate(spec, output=path, task=ONE, stop=stop)
    return path


def refused(spec, path, task, said):
    before = {each.name: each.read_bytes() for each in path.parent.iterdir()}
    with pytest.raises(OutputError) as caught:
        simulate(spec, output=path, resume=True, task=task)
    assert caught.value.exit_status == 2
    assert said in str(caught.value)
    assert {each.name: each.read_bytes() for each in path.parent.iterdir()} == before


def test_another_task_is_refused(spec, path):
    refused(spec, path, *OTHERS["another"])


@pytest.fixture(scope="module")
def complete(tmp_path_factory):
    path = tmp_path_factory.mktemp("complete") / "run.h5"
    simulate(run_spec(), output=path, task=ONE)
    return path


@pytest.mark.parametrize("what", OTHERS)
def test_what_differs_is_named(complete, what):
    refused(run_spec(), complete, *OTHERS[what])


def test_the_same_task_goes_on(spec, path):
    whole = simulate(spec, task=ONE)
    assert_same(simulate(spec, output=path, resume=True, task=ONE), whole)
    assert_same(simulate(spec, output=path, resume=True), whole)


def test_a_drawn_task_is_the_same_as_that_which_is_given(tmp_path):
    simulate(run_spec(), output=tmp_path / "run.h5")
    refused(run_spec(), tmp_path / "run.h5", OTHERS["another"][0], "differ")
    simulate(run_spec(), output=tmp_path / "run.h5", resume=True, task=ONE)


def test_a_file_without_the_digest(spec, path):
    """Its task is compared itself."""
    with h5py.File(path, "r+") as file:
        del file.attrs["task_digest"]
    refused(spec, path, OTHERS["P"][0], "P differs")
    assert_same(simulate(spec, output=path, resume=True, task=ONE), simulate(spec, task=ONE))


def test_the_digest_is_in_the_file(spec, path):
    with h5py.File(path) as file:
        assert file.attrs["task_digest"].decode() == digest_of(parts_of(ONE))
    assert (
        len({digest_of(parts_of(task)) for task, _ in OTHERS.values()} | {digest_of(parts_of(ONE))})
        == 10
    )


def test_a_damaged_file_goes_on_with_its_own_task_alone(tmp_path):
    """The checkpoint says what it was."""
    path, spec = tmp_path / "run.h5", run_spec()
    simulate(spec, output=path, task=OTHERS["another"][0], stop=lambda: True)
    path.write_bytes(path.read_bytes()[:-5000])
    for task in (None, ONE):
        refused(spec, path, task, "P, q_positions and q_weights differ")
    with pytest.warns(RunWarning, match="is damaged"):
        run = simulate(spec, output=path, resume=True, task=OTHERS["another"][0])
    np.testing.assert_array_equal(
        run["loss"], simulate(spec, task=OTHERS["another"][0])["loss"][1:]
    )


@pytest.fixture
def read(tmp_path):
    """The spec of a run whose task is read from a file, and that file."""
    write_arrays(tmp_path / "task.h5", ONE)
    tables = run_spec().to_dict() | {"task": {"from": str(tmp_path / "task.h5")}}
    return RunSpec.from_dict(tables), tmp_path / "task.h5"


@pytest.mark.parametrize("stop", [None, lambda: True])
def test_a_file_of_a_task_that_was_replaced(read, tmp_path, stop):
    spec, file = read
    (tmp_path / "out").mkdir()
    path = tmp_path / "out" / "run.h5"
    simulate(spec, output=path, stop=stop)
    write_arrays(file, OTHERS["another"][0])
    refused(spec, path, None, f"another task than task.from = {file} has now: ")
    whole = simulate(run_spec())
    for gone in (lambda: file.write_bytes(b"no task"), file.unlink):
        gone()
        run = simulate(spec, output=path, resume=True)
        assert_same(run.assign_attrs(spec=""), whole.assign_attrs(spec=""))


@pytest.fixture
def child(tmp_path):
    """A run that starts from another one, stopped and without a checkpoint."""
    parent, path = tmp_path / "parent.h5", tmp_path / "out" / "run.h5"
    simulate(run_spec(), output=parent)
    spec = RunSpec.from_dict(run_spec().to_dict() | {"init": {"from": str(parent)}})
    simulate(spec, output=path, stop=lambda: True)
    path.with_name("run.h5.ckpt").unlink()
    return spec, path, parent


def test_a_run_begins_again_from_the_same_start(child):
    spec, path, parent = child
    with h5py.File(path) as file, h5py.File(parent) as started:
        assert file.attrs["init_run_uuid"] == started.attrs["run_uuid"]
        assert file.attrs["init_step"] == 20
    assert_same(simulate(spec, output=path, resume=True), simulate(spec))


def test_it_does_not_begin_again_from_another_run(child):
    spec, path, parent = child
    simulate(run_spec("seed=4"), output=parent, overwrite=True)
    now = load(parent).attrs["run_uuid"]
    refused(spec, path, None, f"init.from = {parent} now holds step 20 of run {now}")


def test_nor_from_a_later_step_of_the_same(child):
    spec, path, parent = child
    simulate(run_spec(steps=25), output=parent, resume=True)
    refused(spec, path, None, "it started from step 20 of run")


def test_with_a_checkpoint_it_needs_its_start_no_more(child, monkeypatch):
    spec, path, parent = child
    whole = simulate(spec)
    simulate(spec, output=path, overwrite=True, stop=lambda: True)
    simulate(run_spec("seed=4"), output=parent, overwrite=True)
    assert_same(simulate(spec, output=path, resume=True), whole)


def test_a_file_that_does_not_say_where_it_started(child):
    spec, path, _ = child
    with h5py.File(path, "r+") as file:
        del file.attrs["init_run_uuid"]
    assert_same(simulate(spec, output=path, resume=True), simulate(spec))


def test_differences_are_listed_in_order():
    there, here = parts_of(ONE), parts_of(OTHERS["N"][0])
    assert differing(there, there) == ""
    assert differing(there, here).startswith("N is 6 there and 7 here; mu, P, ")
