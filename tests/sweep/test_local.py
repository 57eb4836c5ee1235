import json
import os
import signal

import pytest
from scbsim_testing.small_sweeps import collected, ended, found, started, sweep_text, until

from scbsim import load
from scbsim.spec.sweep import Sweep
from scbsim.sweep.failure import read_failure
from scbsim.sweep.folder import SweepFolder
from scbsim.sweep.states import states


@pytest.fixture
def sweep(tmp_path):
    path = tmp_path / "s.toml"
    path.write_text(sweep_text())
    return path


@pytest.mark.slow
def test_every_run_has_its_folder_and_a_second_time_there_is_nothing_to_do(tmp_path, sweep):
    code, said = ended("sweep", sweep, "-o", "d", "--jobs", 2, cwd=tmp_path)
    assert code == 0
    assert "3 of 3 runs done" in said
    names = [f"seed={i}" for i in range(3)]
    assert found(tmp_path / "d") == dict.fromkeys(names, "complete")
    for name in names:
        assert sorted(os.listdir(tmp_path / "d" / name)) == ["log.txt", "run.h5", "spec.toml"]
        code, _ = ended("run", f"d/{name}/spec.toml", "-o", "one.h5", "--overwrite", cwd=tmp_path)
        assert load(tmp_path / "one.h5").equals(load(tmp_path / "d" / name / "run.h5"))
    assert ended("collect", "d", "-o", "all.h5", cwd=tmp_path)[0] == 0
    assert collected(tmp_path / "all.h5")["status"].values.tolist() == [1, 1, 1]
    assert "3 runs: 3 complete" in ended("status", "d", cwd=tmp_path)[1]
    times = [(tmp_path / "d" / name / "run.h5").stat().st_mtime_ns for name in names]
    code, said = ended("sweep", sweep, "-o", "d", cwd=tmp_path)
    assert (code, "3 of them were finished before" in said) == (0, True)
    assert times == [(tmp_path / "d" / name / "run.h5").stat().st_mtime_ns for name in names]


@pytest.mark.slow
def test_a_run_that_fails_stops_no_other_and_is_tried_again(tmp_path):
    path, task = tmp_path / "s.toml", tmp_path / "b.h5"
    path.write_text(
        "[dynamics]\nengine='collapsed'\nrule='sgd'\n[[stage]]\nsteps = 3\n"
        "[sweep]\nproduct = {'task.from' = ['a.h5', 'b.h5'], seed = [0, 1]}\n"
    )
    (tmp_path / "one.toml").write_text(sweep_text(""))
    assert ended("run", "one.toml", "-o", "a.h5", cwd=tmp_path)[0] == 0
    code, said = ended("sweep", path, "-o", "d", cwd=tmp_path)
    assert code == 1
    assert "2 of 4 runs done, 2 failed" in said
    assert f"task.from=b.h5,seed=0 failed: {task}" in said.replace("\n", "")
    assert list(found(tmp_path / "d").values()) == ["complete"] * 2 + ["failed"] * 2
    folder = SweepFolder.open(tmp_path / "d")
    failure = read_failure(folder.output(folder.sweep.runs[2]))
    assert failure is not None
    assert str(task) in failure.error
    os.link(tmp_path / "a.h5", task)
    assert ended("sweep", path, "-o", "d", cwd=tmp_path)[0] == 0
    assert set(found(tmp_path / "d").values()) == {"complete"}
    assert read_failure(folder.output(folder.sweep.runs[2])) is None


@pytest.mark.slow
def test_another_sweep_in_the_folder_is_refused_with_what_differs(tmp_path, sweep):
    SweepFolder.made(tmp_path / "d", Sweep.from_toml(sweep))
    before = (tmp_path / "d/sweep.json").read_bytes()
    for text, said in (
        (sweep_text('product = {"seed" = "0:4"}'), "seed has other values (3 values there, 4"),
        (sweep_text('product = {"task.seed" = "0:3"}'), "seed varies there only; task.seed varies"),
        (sweep_text(steps=21), "stage.0.steps is 20 there and 21 here"),
    ):
        sweep.write_text(text)
        code, words = ended("sweep", sweep, "-o", "d", cwd=tmp_path)
        assert code == 2
        assert f"holds another sweep: {said}" in words
    assert (tmp_path / "d/sweep.json").read_bytes() == before


@pytest.mark.slow
def test_a_second_sweep_in_one_folder_is_kept_out(tmp_path, sweep):
    sweep.write_text(sweep_text(steps=10**11, every=10**7))
    first = started("sweep", sweep, "-o", "d", "--jobs", 1, cwd=tmp_path)
    until(lambda: (tmp_path / "d/seed=0/run.h5").exists())
    code, said = ended("sweep", sweep, "-o", "d", cwd=tmp_path)
    assert code == 1
    assert "is being written by process" in said
    first.send_signal(signal.SIGTERM)
    assert first.wait(60) == 75


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_the_children_with_checkpoints_and_the_same_line_goes_on(
    tmp_path, sweep, number
):
    sweep.write_text(sweep_text(steps=300_000, every=2500, engine="dense"))
    assert ended("sweep", sweep, "-o", "whole", cwd=tmp_path)[0] == 0
    process = started("sweep", sweep, "-o", "d", "--jobs", 2, cwd=tmp_path)
    until(lambda: all((tmp_path / f"d/seed={i}/run.h5").exists() for i in (0, 1)))
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 75, err
    assert "3 stopped" in out
    assert list(found(tmp_path / "d").values()) == ["stopped", "stopped", "missing"]
    assert (tmp_path / "d/seed=0/run.h5.ckpt").exists()
    assert ended("sweep", sweep, "-o", "d", cwd=tmp_path)[0] == 0
    for i in range(3):
        runs = [load(tmp_path / name / f"seed={i}/run.h5") for name in ("whole", "d")]
        assert runs[0].equals(runs[1])


@pytest.mark.slow
def test_children_of_a_sweep_that_was_killed_are_waited_for(tmp_path, sweep):
    sweep.write_text(sweep_text(steps=300_000, every=2500, engine="dense"))
    process = started("sweep", sweep, "-o", "d", "--jobs", 2, cwd=tmp_path)
    until(lambda: (tmp_path / "d/seed=1/run.h5").exists())
    process.kill()
    process.communicate()
    assert set(found(tmp_path / "d").values()) == {"running", "missing"}
    code, said = ended("sweep", sweep, "-o", "d", cwd=tmp_path)
    assert code == 0, said
    assert "3 of 3 runs done" in said


@pytest.mark.slow
def test_a_child_that_is_killed_has_failed_and_goes_on_from_its_checkpoint(tmp_path, sweep):
    text = sweep_text('product = {"seed" = [5]}', steps=10**11, every=10**7, checkpoint_seconds=0.2)
    sweep.write_text(text)
    process = started("sweep", sweep, "-o", "d", cwd=tmp_path)
    checkpoint = tmp_path / "d/seed=5/run.h5.ckpt"
    until(checkpoint.exists)
    holder = json.loads((tmp_path / "d/seed=5/run.h5.lock").read_text())
    os.kill(holder["pid"], signal.SIGKILL)
    out, _ = process.communicate(timeout=60)
    assert (process.returncode, "1 failed" in out) == (1, True)
    [state] = states(SweepFolder.open(tmp_path / "d"))
    assert state.state == "failed"
    assert state.note == "killed by SIGKILL: it said nothing"
    again = started("sweep", sweep, "-o", "d", cwd=tmp_path)
    until(lambda: (tmp_path / "d/seed=5/run.h5.lock").exists())
    until(lambda: found(tmp_path / "d") == {"seed=5": "running"})
    again.send_signal(signal.SIGTERM)
    assert again.wait(60) == 75


@pytest.mark.slow
def test_threads_are_shared_out(tmp_path, sweep):
    assert (
        ended("sweep", sweep, "-o", "d", "--jobs", 3, cwd=tmp_path, NUMBA_NUM_THREADS="2")[0] == 0
    )
    run = load(tmp_path / "d/seed=0/run.h5")
    assert json.loads(run.attrs["provenance"])["threads"] == 1
