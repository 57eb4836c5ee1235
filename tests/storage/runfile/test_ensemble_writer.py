"""The file of an ensemble: it survives kills, can be read as it grows, and explains itself."""

from __future__ import annotations

import shutil

import h5py
import netCDF4
import numpy as np
import pytest
import xarray as xr
from scbsim_testing.kill_runs import Whole
from scbsim_testing.killing import KILLED
from scbsim_testing.processes import committed, ended, started, wait_until
from scbsim_testing.recording import PAGE, WHOLE
from scbsim_testing.small_runs import assert_same, run_spec

from scbsim import load, simulate
from scbsim.errors import OutputError
from scbsim.observables import NAMES
from scbsim.storage.description import describe
from scbsim.task import Task

R = 4

# Ends on signals at different steps, normalises, and has one replica that runs away.
SPEC = {
    "seed": 10,
    "task": {"N": 5, "T": 40, "Q": 2, "P_concentration": 0.1},
    "dynamics": {"batch_size": 200, "rule": "sgd", "replicas": R, "replica": 2},
    "init": {"alpha_A": 0.1, "alpha_V": 0.1},
    "stage": [
        {"steps": 7, "rate_A": 0.2, "rate_V": 0.2, "normalize_level": 0.1, "until_signal": 0.2},
        {"steps": 12, "rate_A": 1.0, "rate_V": 1.0},
    ],
    "output": {"every": 3, "checkpoint_seconds": 0},
}
STAGES = [{"steps": 12, "rule": "sgd", "until_signal": 0.105, "normalize_level": 0.1}, {"steps": 9}]
WORDS = (f"dynamics.replicas={R}", "dynamics.replica=2")


@pytest.fixture(scope="module")
def spec():
    return run_spec(*WORDS, stages=STAGES)


@pytest.fixture(scope="module")
def ensemble(spec, tmp_path_factory):
    path = tmp_path_factory.mktemp("ensemble") / "run.h5"
    simulate(spec, output=path)
    return path


@pytest.fixture(scope="module")
def whole(server, memory):
    whole = Whole(server, memory / "kills", SPEC)
    found = load(whole.path)
    assert set(found["replica_status"].values.tolist()) == {"complete", "diverged"}
    assert len(set(found["stage_end"].values[:, 0].tolist())) > 1
    return whole


def killed_everywhere(whole, stride, torn):
    kills = 0
    for fatal in range(25, len(whole.calls) + 1, stride):
        victim, status = whole.killed(fatal, torn), KILLED
        again = (fatal * 7) % 60 + 5
        while status == KILLED:
            kills += 1
            victim.check_readable()
            ended, again = victim.run(again, torn, resume=True), 0
            status = ended.status
        assert status == 0, ended
        victim.check_finished()
    return kills


@pytest.mark.slow
@pytest.mark.parametrize("torn", [WHOLE, PAGE])
def test_a_few_kills(whole, torn):
    assert killed_everywhere(whole, len(whole.calls) // 12, torn) > 12


@pytest.mark.slow
@pytest.mark.parametrize(("torn", "stride"), [(WHOLE, 7), (PAGE, 19)])
def test_killed_at_many_calls(whole, torn, stride):
    """What a single run has in common with it is killed at every one of its calls."""
    assert killed_everywhere(whole, stride, torn) > len(whole.calls) // stride


@pytest.mark.slow
def test_every_kill_leaves_tables_that_are_right(server, whole):
    """A checker that is given a wrong table says so."""
    copy = whole.path.parents[1] / "spoilt" / "run.h5"
    copy.parent.mkdir()
    shutil.copy(whole.path, copy)
    with h5py.File(copy, "r+") as file:
        file["normalized/loss"][0, 1] += 1.0
    got = server.ask("read", output=str(copy), like=str(whole.path))
    assert '"same": false' in got.said


@pytest.mark.slow
def test_killed_while_threads_step_and_another_process_reads(spec, tmp_path):
    toml, path = tmp_path / "spec.toml", tmp_path / "run.h5"
    longer = spec.replace(**{"stage.1.steps": 400, "output.checkpoint_seconds": 0.2})
    toml.write_text(longer.to_toml())
    process = started("run", toml, "-o", path, "-q", slow=0.005, block=20)
    wait_until(lambda: committed(path) > 60, process)
    seen = load(path)
    process.kill()
    process.communicate()
    left = load(path)
    assert describe(path)["checkpoint_step"] > 0
    status, said = ended("run", toml, "-o", path, "-q", "--resume")
    assert (status, said) == (0, "")
    whole = simulate(longer)
    assert_same(load(path), whole)
    for part in (seen, left):
        assert part.sizes["step"] > 60
        for name in ("stage", *NAMES):
            np.testing.assert_array_equal(part[name], whole[name][:, : part.sizes["step"]])


@pytest.mark.slow
@pytest.mark.parametrize(("engine", "rule"), [("sparse", "denoise"), ("collapsed", "sgd")])
def test_states_whose_shapes_change(engine, rule, tmp_path, monkeypatch, checked_here):
    words = (f"dynamics.engine={engine}", f"dynamics.rule={rule}", "dynamics.batch_size=1000")
    spec = run_spec(*WORDS, *words, steps=30)
    path = tmp_path / "run.h5"
    monkeypatch.setattr("scbsim.run.loop._next_pace", lambda *_: 1)
    for at in (3, 9, 20):
        looks = iter(range(100))
        simulate(spec, output=path, resume=True, stop=lambda at=at, n=looks: next(n) == at)
    assert_same(simulate(spec, output=path, resume=True), simulate(spec))


def test_it_opens_in_xarray_with_its_dimensions(ensemble):
    whole = load(ensemble)
    with xr.open_dataset(ensemble, group="trajectory", engine="h5netcdf") as opened:
        assert opened["loss"].dims == opened["stage"].dims == ("step", "replica")
        assert opened["replica"].values.tolist() == [2, 3, 4, 5]
        assert opened["replica_status"].dims == ("replica",)
        for name in NAMES:
            np.testing.assert_array_equal(opened[name].T, whole[name])
            assert opened[name].attrs["long_name"]
    with netCDF4.Dataset(ensemble) as opened:
        assert opened["trajectory/loss"].dimensions == ("step", "replica")
    with h5py.File(ensemble) as file:
        scales = [file["trajectory/loss"].dims[i][0].name for i in (0, 1)]
        assert scales == ["/trajectory/step", "/trajectory/replica"]
        assert "final" not in file
        assert "snapshots" not in file
        assert file["trajectory/replica_status"][:].tolist() == [1] * R


def test_in_memory_or_in_a_file(spec, ensemble):
    assert_same(simulate(spec), load(ensemble))


def test_a_run_longer_than_its_buffer(tmp_path, monkeypatch):
    monkeypatch.setattr("scbsim.storage.runfile.schema.MOST_CHUNK_VALUES", 16 * R)
    spec = run_spec(*WORDS, "dynamics.engine=population", steps=50)
    assert_same(simulate(spec, output=tmp_path / "run.h5"), simulate(spec))
    with h5py.File(tmp_path / "run.h5") as file:
        assert file["trajectory/loss"].chunks == (16, R)


def test_it_can_be_read_as_it_grows(flush_always, spec, tmp_path, monkeypatch):
    monkeypatch.setattr("scbsim.run.loop._next_pace", lambda *_: 1)
    path, found = tmp_path / "run.h5", []
    simulate(spec, output=path, stop=lambda: found.append((load(path), describe(path))))
    full = load(path)
    assert len(found) > 8
    for run, said in found:
        n = run.sizes["step"]
        assert said["rows"] == n
        assert run.attrs["status"] == said["status"] == "running"
        for name in ("stage", *NAMES):
            np.testing.assert_array_equal(run[name], full[name][:, :n])
        assert sum(said["replica_status"].values()) == R
        k = run.sizes["stage_index"]
        there = run["stage_end"].values >= 0
        assert (run["stage_end"].values == full["stage_end"].values[:, :k])[there].all()
    assert found[-1][0].sizes["normalization"] == 1


@pytest.mark.slow
def test_a_longer_last_stage_of_one_that_stopped(spec, tmp_path, monkeypatch):
    path, longer = tmp_path / "run.h5", run_spec(*WORDS, stages=[STAGES[0], {"steps": 30}])
    with monkeypatch.context() as patched:
        patched.setattr("scbsim.run.loop._next_pace", lambda *_: 1)
        looks = iter(range(100))
        simulate(spec, output=path, stop=lambda: next(looks) == 8)
    assert_same(simulate(longer, output=path, resume=True), simulate(longer))


@pytest.mark.slow
def test_a_longer_last_stage_of_one_that_is_complete(ensemble, spec, tmp_path):
    path = tmp_path / "run.h5"
    shutil.copy(ensemble, path)
    longer = run_spec(*WORDS, stages=[STAGES[0], {"steps": 30}])
    with pytest.raises(OutputError, match=r"4 of 4 replicas are complete.*run a replica .* alone"):
        simulate(longer, output=path, resume=True)
    assert path.read_bytes() == ensemble.read_bytes()
    assert_same(simulate(spec, output=path, resume=True), load(ensemble))


@pytest.mark.parametrize("other", ["dynamics.replicas=5", "dynamics.replica=1"])
def test_another_ensemble_is_not_taken_up(ensemble, other):
    with pytest.raises(OutputError, match="holds another run"):
        simulate(run_spec(*WORDS, other, stages=STAGES), output=ensemble, resume=True)


def test_no_run_starts_from_an_ensemble(ensemble):
    spec = run_spec(f"init={{from='{ensemble}'}}")
    with pytest.raises(OutputError, match=r"an ensemble keeps none: run the replica .* alone"):
        simulate(spec)


def test_an_ensemble_starts_from_a_run(tmp_path):
    start = tmp_path / "start.h5"
    simulate(run_spec("output.final_state=true"), output=start)
    words = (f"init={{from='{start}'}}", "dynamics.rule=denoise")
    run = simulate(run_spec(*WORDS, *words), output=tmp_path / "run.h5")
    for r in range(R):
        single = simulate(run_spec(f"dynamics.replica={2 + r}", *words))
        np.testing.assert_array_equal(run["loss"][r], single["loss"])


def test_its_task_can_be_taken(ensemble):
    task = Task.from_spec(run_spec().task)
    run = simulate(run_spec(), task=task)
    again = run_spec().to_dict() | {"task": {"from": str(ensemble)}}
    assert_same(simulate(run_spec().from_dict(again)), run)


def test_a_damaged_file_goes_on_from_the_checkpoint(spec, tmp_path, monkeypatch):
    path, looks = tmp_path / "run.h5", iter(range(100))
    monkeypatch.setattr("scbsim.run.loop._next_pace", lambda *_: 1)
    simulate(spec, output=path, stop=lambda: next(looks) == 8)
    path.write_bytes(path.read_bytes()[:3000])
    with pytest.warns(UserWarning, match="is damaged"):
        run = simulate(spec, output=path, resume=True)
    full = simulate(spec).sel(step=run["step"])
    for name in NAMES:
        np.testing.assert_array_equal(run[name], full[name])
    assert run.attrs["status"] == "complete"
    assert set(run["replica_status"].values.tolist()) == {"complete"}


def test_describe(ensemble, spec):
    said, run = describe(ensemble), load(ensemble)
    assert (said["replicas"], said["replica_status"]) == (R, {"complete": R})
    last = np.median(run["loss"].values[:, -1])
    assert said["last"]["loss"] == last
    assert said["normalized"]["loss"] == np.median(run["normalized_loss"].values[:, -1])
    assert [end["stage"] for end in said["stages"]] == [0, 1]
    assert said["stages"][0]["reason"] == "4 signal"
