"""Many processes that begin together on an empty folder of compiled code."""

import json
import os
import subprocess
import sys
from collections import Counter

import pytest

START = """
import json, sys
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
run_to_file(RunSpec.from_dict(spec), sys.argv[1])
with h5py.File(sys.argv[1]) as file:
    loss = float(file["trajectory/loss"][-1])
print(json.dumps({"compiled": compiled, "loss": loss}))
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
