"""Diagrams made by the command line in other processes: killed, stopped, two at once."""

import os
import signal
import subprocess
import sys
from time import monotonic, sleep

import pytest
import xarray as xr
from scbsim_testing import HERE
from scbsim_testing.diagrams import same

from scbsim import phase_diagram
from scbsim.studies.phase.diagram import NAME

SLOW = HERE / "slow_cli.py"


@pytest.fixture
def line(spec_path, axes, tmp_path):
    words = ["phase", spec_path, "-o", tmp_path / "out", "--x", axes[0], "--y", axes[1]]
    return [sys.executable, SLOW, *words, "--replicas", "5", "--threads", "2", "-q"]


def started(line):
    return subprocess.Popen(
        [str(word) for word in line], stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


def done(path):
    try:
        with xr.open_dataset(path, engine="h5netcdf") as found:
            return int(found["done"].sum())
    except FileNotFoundError:
        return 0


def wait_for(points, path, process):
    deadline = monotonic() + 120
    while done(path) < points:
        assert process.poll() is None, process.communicate()
        assert monotonic() < deadline
        sleep(0.02)


@pytest.mark.slow
def test_killed_and_taken_up_again(line, tmp_path, spec, axes, whole):
    path = tmp_path / "out" / NAME
    for points in (1, 5, 12):
        process = started(line)
        wait_for(points, path, process)
        os.kill(process.pid, signal.SIGKILL)
        process.communicate()
        assert points <= done(path) < 24
    kept = done(path)
    found = phase_diagram(spec, *axes, output=tmp_path / "out", replicas=5)
    assert kept < 24
    same(found, whole)
    assert [each.name for each in (tmp_path / "out").iterdir()] == [NAME]


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGUSR1])
def test_a_signal_ends_it_after_the_points_in_flight(line, tmp_path, number):
    path = tmp_path / "out" / NAME
    process = started(line)
    wait_for(2, path, process)
    process.send_signal(number)
    out, said = process.communicate(timeout=60)
    assert process.returncode == 75
    assert out == ""
    assert "Traceback" not in said
    assert f"of 24 points of {path}; the same command again goes on" in said
    assert 2 <= done(path) < 24
    assert not (tmp_path / "out" / "phase.png").exists()


@pytest.mark.slow
def test_two_signals_end_it_at_once(line, tmp_path):
    path = tmp_path / "out" / NAME
    process = started(line)
    wait_for(2, path, process)
    process.send_signal(signal.SIGTERM)
    sleep(0.05)
    process.send_signal(signal.SIGTERM)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 75
    assert "Traceback" not in said
    assert 2 <= done(path) < 24


@pytest.mark.slow
def test_two_writers(line, tmp_path):
    path = tmp_path / "out" / NAME
    first = started(line)
    wait_for(1, path, first)
    # It is suspended; otherwise it might end before the second process has started.
    first.send_signal(signal.SIGSTOP)
    second = started(line)
    _, said = second.communicate(timeout=60)
    assert second.returncode == 1
    assert f"{path} is being written by process {first.pid}" in said
    assert first.poll() is None
    first.kill()
    first.communicate()
