import os
import signal
import subprocess
import sys
from dataclasses import replace
from time import monotonic, sleep

import pytest

from scbsim.engines.noise import NoiseLevels
from scbsim.studies.verify import cases, verification
from scbsim.studies.verify.case import COLLAPSED, TRUTH, Contender


@pytest.fixture
def few(monkeypatch):
    """Make a verification of two cases that takes no time, with other contenders if wanted."""
    two = [*cases.all_cases()[:1], cases.all_cases()[3]]

    def make(*contenders):
        shown = [replace(case, contenders=contenders or case.contenders) for case in two]
        monkeypatch.setattr(cases, "all_cases", lambda: shown)
        monkeypatch.setattr(verification, "QUICK_RUNS", 400)

    return make


@pytest.mark.slow
def test_a_table_and_a_line(scbsim, few):
    few()
    result = scbsim("verify", "--quick", "--threads", 1)
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    first = next(line for line in lines if "collapsed" in line)
    assert first.startswith("sgd, N = 4, T = 30  ")
    assert "dense, float32" in result.stdout
    assert lines[-1].startswith("verified: 2 cases, ")
    assert "…" not in result.stdout


def test_the_seed_counts_and_threads_do_not(scbsim, few):
    few()
    said = [
        scbsim("verify", "--quick", "--seed", seed, "--threads", threads).stdout
        for seed, threads in ((1, 1), (1, 2), (2, 1))
    ]
    assert said[0] == said[1] != said[2]


@pytest.mark.parametrize("quiet", [(), ("--quiet",)])
def test_failed(scbsim, few, quiet):
    def noisy(task, noise, **start):
        return TRUTH.build(task, NoiseLevels(2.0 * noise.sigma_A, noise.sigma_V), **start)

    few(Contender("noisy", noisy))
    result = scbsim("verify", "--quick", *quiet)
    assert result.exit_code == 1
    said = (result.stderr if quiet else result.stdout).splitlines()[-1]
    assert said.startswith("FAILED: 2 cases, ")
    assert "noisy" in said
    assert not quiet or result.stdout == ""


def test_quiet(scbsim, few):
    few(COLLAPSED)
    result = scbsim("verify", "-q", "--quick")
    assert (result.exit_code, result.output) == (0, "")


def test_a_wrong_seed(scbsim, fails):
    result = scbsim("verify", "--seed", -1)
    assert result.exit_code == 2
    assert "--seed" in result.stderr


@pytest.mark.slow
def test_a_signal_is_status_75():
    line = [sys.executable, "-m", "scbsim", "verify", "--threads", "1"]
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    running = subprocess.Popen(
        line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    )
    until = monotonic() + 120
    threads = f"/proc/{running.pid}/task"
    while os.path.exists("/proc/self/task") and monotonic() < until:
        # A second thread is the first to compare: from then on it is the work that is stopped.
        if len(os.listdir(threads)) > 1:
            break
        sleep(0.05)
    running.send_signal(signal.SIGTERM)
    out, err = running.communicate(timeout=120)
    assert running.returncode == 75, err
    assert out == ""
    assert "Error: stopped on a signal" in err
