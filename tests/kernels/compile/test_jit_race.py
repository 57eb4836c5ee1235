"""Many processes that begin together on an empty folder of compiled code."""

import json
import os
import subprocess
import sys
from collections import Counter

import pytest

PROCESSES, RUNS = 5, 10
"""Processes, and the runs that each of them forks into once it has imported the package."""

START = """
import json, os, sys
from collections import Counter
import h5py
from numba.core import event
from scbsim import RunSpec
from scbsim.run.simulate import run_to_file

compiled = Counter()
event.register("numba:compile", type("", (event.Listener,), {
    "on_start": lambda self, event: compiled.update([event.data["dispatcher"].py_func.__name__]),
    "on_end": lambda self, event: None,
})())
dense = {"engine": "dense"}
spec = {"task": {"N": 5, "T": 50, "Q": 2}, "dynamics": dense, "stage": [{"steps": 3}]}

def run(path):
    run_to_file(RunSpec.from_dict(spec), path)
    with h5py.File(path) as file:
        loss = float(file["trajectory/loss"][-1])
    # One write, since others write to the same pipe.
    os.write(1, f"{json.dumps({'compiled': compiled, 'loss': loss})}\\n".encode())

children = []
for path in sys.argv[1:]:
    child = os.fork()
    if child == 0:
        try:
            run(path)
        except BaseException:
            sys.excepthook(*sys.exc_info())
            os._exit(1)
        os._exit(0)
    children.append(child)
sys.exit(any([os.waitpid(child, 0)[1] for child in children]))
"""


@pytest.mark.slow(first=True)
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
    files = [[str(tmp_path / f"{i}-{j}.h5") for j in range(RUNS)] for i in range(PROCESSES)]
    started = [subprocess.Popen([*line, *paths], env=environment, **options) for paths in files]
    ended = [(*process.communicate(timeout=500), process.returncode) for process in started]
    assert all(status == 0 for *_, status in ended), [said for _, said, status in ended if status]
    found = [json.loads(line) for out, *_ in ended for line in out.splitlines()]
    assert len(found) == PROCESSES * RUNS
    compiled = sum((Counter(one["compiled"]) for one in found), Counter())
    # What is kept: entry points, of which no one compiled a type that another had.
    kept = Counter(path.name.split("-")[0].split(".")[-1] for path in tmp_path.rglob("*.nbc"))
    assert kept["advance"] == kept["observe"] == 1
    assert {name: compiled[name] for name in kept} == kept
    assert len({one["loss"] for one in found}) == 1
