"""How many threads are used where nothing says how many."""

import json
import os
import subprocess
import sys

import pytest

from scbsim.util import cgroups, cores
from scbsim.util.cores import usable_cores


@pytest.fixture
def machine(monkeypatch, tmp_path):
    """A machine of 16 cores without control groups, that can be given some."""
    monkeypatch.setattr(cores, "allowed", lambda: set(range(16)))
    monkeypatch.setattr(cgroups, "_ROOT", tmp_path)
    monkeypatch.setattr(cgroups, "_OWN", tmp_path / "own")

    def group(line, path, **files):
        (tmp_path / "own").write_text(line)
        folder = tmp_path / path
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            (folder / name.replace("__", ".")).write_text(content)

    return group


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, 16),
        ({"SLURM_CPUS_PER_TASK": "3"}, 3),
        ({"SLURM_CPUS_PER_TASK": "30"}, 16),
        ({"NUMBA_NUM_THREADS": "5", "SLURM_CPUS_PER_TASK": "8"}, 5),
        ({"NUMBA_NUM_THREADS": "0"}, 16),
        ({"NUMBA_NUM_THREADS": "", "SLURM_CPUS_PER_TASK": "many"}, 16),
        ({"SLURM_CPUS_PER_TASK": "²"}, 16),
    ],
)
def test_what_was_asked_for_counts(machine, environment, expected):
    assert usable_cores(environment) == expected


@pytest.mark.parametrize(
    ("quota", "expected"), [("200000 100000", 2), ("250000 100000", 3), ("max 100000", 16)]
)
def test_the_quota_of_a_group_counts(machine, quota, expected):
    machine("0::/slice/job\n", "slice/job", cpu__max=quota)
    assert usable_cores({}) == expected


def test_the_quota_of_the_group_around_and_of_version_1_count(machine):
    machine("0::/slice/job\n", "slice/job", cpu__max="400000 100000")
    machine("0::/slice/job\n", "slice", cpu__max="100000 100000")
    assert usable_cores({}) == 1
    v1 = "3:cpu,cpuacct:/job\n"
    machine(v1, "cpu/job", cpu__cfs_quota_us="300000", cpu__cfs_period_us="100000")
    assert usable_cores({}) == 3
    machine(v1, "cpu/job", cpu__cfs_quota_us="-1", cpu__cfs_period_us="100000")
    assert usable_cores({}) == 16


THREADS = """
import json, os, sys
os.sched_getaffinity = lambda _: set(range(8))
from scbsim.run.ensemble import most_threads
from scbsim.errors import InputError
found = [most_threads(None), most_threads(6)]
try:
    most_threads(9)
except InputError:
    found.append("refused")
print(json.dumps(found))
"""


def test_a_run_takes_as_many_threads_and_more_if_told(tmp_path):
    environment = {k: v for k, v in os.environ.items() if k != "NUMBA_NUM_THREADS"}
    environment |= {"SLURM_CPUS_PER_TASK": "1"}
    done = subprocess.run(
        [sys.executable, "-c", THREADS], env=environment, capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout) == [1, 6, "refused"]
