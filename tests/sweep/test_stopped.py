"""Runs of a sweep that signals stop at awkward moments: none of them counts as failed."""

import json
import os
import select
import signal
import subprocess
import sys

import pytest
from scbsim_testing.small_sweeps import ended, found, sweep_text, until

from scbsim import load

# Python imports it as it begins, before any program can see to signals.
SLOW_START = """
import os, sys, time
if {word!r} in sys.orig_argv:
    open({here!r} + "/begins", "a").close()
    while not os.path.exists({here!r} + "/go"):
        time.sleep(0.01)
"""


def sweeping(folder, *words, **environment):
    """Start a sweep as a shell does: as the first of a process group."""
    return subprocess.Popen(
        [sys.executable, "-m", "scbsim", "sweep", "s.toml", "-o", "d", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=folder,
        env={**os.environ, **environment},
        start_new_session=True,
    )


@pytest.mark.slow
@pytest.mark.parametrize("times", [1, 2])
def test_ctrl_c_while_a_process_of_runs_begins(tmp_path, times):
    (tmp_path / "s.toml").write_text(sweep_text())
    (tmp_path / "slow").mkdir()
    text = "".join(
        SLOW_START.format(word=word, here=str(tmp_path)) for word in ("scbsim.cli.worker", "run")
    )
    (tmp_path / "slow" / "sitecustomize.py").write_text(text)
    path = os.pathsep.join([str(tmp_path / "slow"), os.environ.get("PYTHONPATH", "")])
    process = sweeping(tmp_path, "--jobs", "2", PYTHONPATH=path)
    until((tmp_path / "begins").exists)
    said = ""
    for _ in range(times):
        os.killpg(process.pid, signal.SIGINT)
        if not said:
            said = process.stderr.readline()
    assert "stopping" in said
    (tmp_path / "go").touch()
    out, err = process.communicate(timeout=60)
    assert process.returncode == 75, out + err
    assert "failed" not in out + err
    assert set(found(tmp_path / "d").values()) == {"missing"}
    assert not list(tmp_path.glob("d/*/failed.json"))
    code, said = ended("sweep", "s.toml", "-o", "d", cwd=tmp_path)
    assert (code, "3 of 3 runs done" in said) == (0, True), said


@pytest.mark.slow
@pytest.mark.parametrize("times", [1, 2])
def test_ctrl_c_while_runs_are_in_hand_and_others_wait(tmp_path, times):
    (tmp_path / "s.toml").write_text(sweep_text(steps=10**11, every=10**7))
    process = sweeping(tmp_path, "--jobs", "2")
    until(lambda: (tmp_path / "d/seed=0/run.h5").exists())
    for _ in range(times):
        os.killpg(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 75, out + err
    assert "failed" not in out + err
    states = found(tmp_path / "d")
    assert states["seed=0"] == "stopped"
    assert set(states.values()) <= {"stopped", "missing"}


@pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="ends of strangers are seen on Linux")
def test_no_process_outlives_a_sweep_that_was_killed_for_longer_than_its_run(tmp_path):
    (tmp_path / "s.toml").write_text(sweep_text(steps=30_000, every=500, engine="dense"))
    process = sweeping(tmp_path, "--jobs", "1")
    lock = tmp_path / "d/seed=0/run.h5.lock"
    until(lambda: lock.exists() and lock.read_text())
    worker = os.pidfd_open(json.loads(lock.read_text())["pid"])
    process.kill()
    process.communicate()
    assert select.select([worker], [], [], 120)[0], "the worker did not end"
    os.close(worker)
    assert list(found(tmp_path / "d").values()) == ["complete", "missing", "missing"]


@pytest.mark.slow
def test_a_process_that_is_killed_takes_one_run_with_it(tmp_path):
    table = 'product = {"stage.0.steps" = [20, 100000000000, 21, 22]}'
    (tmp_path / "s.toml").write_text(sweep_text(table, every=10**7))
    process = sweeping(tmp_path, "--jobs", "1")
    lock = tmp_path / "d/stage.0.steps=100000000000/run.h5.lock"
    until(lambda: lock.exists() and lock.read_text())
    os.kill(json.loads(lock.read_text())["pid"], signal.SIGKILL)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "3 of 4 runs done, 1 failed" in out
    assert "steps=100000000000 failed: killed by SIGKILL: it said nothing" in err
    assert list(found(tmp_path / "d").values()) == ["complete", "failed", "complete", "complete"]
    (tmp_path / "one.toml").write_text(sweep_text("", steps=22, every=10**7))
    assert ended("run", "one.toml", "-o", "one.h5", cwd=tmp_path)[0] == 0
    assert load(tmp_path / "one.h5").equals(load(tmp_path / "d/stage.0.steps=22/run.h5"))
