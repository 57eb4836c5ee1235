"""Two processes that compile at once for two types must not spoil the cache for later ones."""

import json
import os
import subprocess
import sys
from collections import Counter

import pytest

# numba writes an index and then the code, in files that both processes name alike. Left alone
# these two are made to do it in the order that leaves the code of one type under the other's name.
PROGRAM = """
import sys

import pytest
import time
from pathlib import Path

import numpy as np
from numba.core.caching import IndexDataCacheFile as Files

from scbsim.kernels.jit import kernel

dtype, marks = sys.argv[1], Path(sys.argv[2])
other = {"float32": "float64", "float64": "float32"}[dtype]
load, save_index, save_data = Files._load_index, Files._save_index, Files._save_data
loads = []


def mark(name):
    (marks / name).touch()


def wait(name):
    # Not for long: where there is a lock the other cannot get there.
    until = time.monotonic() + 2
    while not (marks / name).exists() and time.monotonic() < until:
        time.sleep(0.01)


def load_before_either_saves(self):
    loads.append(load(self))
    if len(loads) == 2:
        mark("loaded by " + dtype)
        wait("loaded by " + other)
    return loads[-1]


def index_of_float64_last(self, overloads):
    if dtype == "float64":
        wait("index of float32")
    save_index(self, overloads)
    mark("index of " + dtype)


def data_of_float32_last(self, name, data):
    if dtype == "float32":
        wait("data of float64")
    save_data(self, name, data)
    mark("data of " + dtype)


if marks.exists():
    Files._load_index = load_before_either_saves
    Files._save_index = index_of_float64_last
    Files._save_data = data_of_float32_last


@kernel
def largest(x):
    return x.max()


assert largest(np.arange(5, dtype=dtype)) == 4
"""


def test_two_types_at_once(tmp_path):
    program, marks = tmp_path / "program.py", tmp_path / "marks"
    program.write_text(PROGRAM)
    marks.mkdir()
    environment = {**os.environ, "SCBSIM_CACHE_DIR": str(tmp_path / "cache")}

    def start(dtype, marks):
        line = [sys.executable, program, dtype, marks]
        return subprocess.Popen(line, env=environment, stderr=subprocess.PIPE, text=True)

    def finish(process):
        _, err = process.communicate(timeout=120)
        assert process.returncode == 0, err[-2000:]

    for process in [start(dtype, marks) for dtype in ("float32", "float64")]:
        finish(process)
    for dtype in "float32", "float64":
        finish(start(dtype, tmp_path / "none"))


START = """
import json, sys
from collections import Counter
from numba.core import event
from scbsim import RunSpec, simulate

compiled = Counter()
event.register("numba:compile", type("", (event.Listener,), {
    "on_start": lambda self, event: compiled.update([event.data["dispatcher"].py_func.__name__]),
    "on_end": lambda self, event: None,
})())
dense = {"engine": "dense"}
spec = {"task": {"N": 5, "T": 50, "Q": 2}, "dynamics": dense, "stage": [{"steps": 3}]}
run = simulate(RunSpec.from_dict(spec), output=sys.argv[1])
print(json.dumps({"compiled": compiled, "loss": float(run["loss"][-1])}))
"""


@pytest.mark.slow
def test_fifty_runs_begin_together_on_a_cold_cache(tmp_path):
    """In one folder: all of them succeed, and one compiles for all."""
    environment = {
        **os.environ,
        "SCBSIM_CACHE_DIR": str(tmp_path / "cache"),
        "NUMBA_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
    }
    line = [sys.executable, "-c", START]
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    started = [
        subprocess.Popen([*line, str(tmp_path / f"{i}.h5")], env=environment, **options)
        for i in range(50)
    ]
    ended = [(*process.communicate(timeout=500), process.returncode) for process in started]
    assert all(status == 0 for *_, status in ended), [said for _, said, status in ended if status]
    found = [json.loads(out) for out, *_ in ended]
    compiled = sum((Counter(one["compiled"]) for one in found), Counter())
    # What is kept: entry points, of which no one compiled a type that another had.
    kept = Counter(path.name.split("-")[0].split(".")[-1] for path in tmp_path.rglob("*.nbc"))
    assert kept["advance"] == kept["observe"] == 1
    assert {name: compiled[name] for name in kept} == kept
    assert len({one["loss"] for one in found}) == 1
