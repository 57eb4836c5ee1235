"""How much memory does the dense engine take, beside the matrices themselves?

The most that a process holds while an engine is made and steps, less what it held before. The
matrices are A, (N, T), and V with its target, (N, N) float64 each.
"""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from sizes import size

SIZES = size([(3, 10**8), (100, 10**5), (500, 10**5), (5000, 10**4)], [(3, 10**5), (30, 100)])

PROGRAM = """
import json, sys
from pathlib import Path
import numpy as np
from scbsim import RunSpec, Task
from scbsim.engines.dense import DenseEngine
from scbsim.engines.noise import NoiseLevels
from scbsim.engines.stages import stages_of


def held(name):
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(name):
            return 1024 * int(line.split()[1])


def engine(N, T):
    spec = RunSpec.from_dict({"task": {"N": N, "T": T, "Q": 2}, "stage": [{"steps": 9}]})
    task = Task.from_spec(spec.task)
    noise, stage = NoiseLevels.from_spec(spec, task), stages_of(spec, task)[0]
    # What the task keeps once it has been asked for.
    task.P_tilde
    Path("/proc/self/clear_refs").write_text("5")
    before = held("VmRSS")
    dense = DenseEngine(task, noise, alpha_A=0.1, alpha_V=0.1, threads=2)
    dense.advance(stage, 2)
    return held("VmHWM") - before


engine(3, 100)
N, T = map(int, sys.argv[1:])
print(json.dumps({"taken": engine(N, T), "matrices": 4 * N * T + 16 * N * N}))
"""


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="reads /proc")
@pytest.mark.parametrize(("N", "T"), SIZES, ids=str)
def test_memory(N, T, benchmark, note):
    benchmark.group = "memory"
    line = [sys.executable, "-c", PROGRAM, str(N), str(T)]

    def measure():
        return json.loads(subprocess.run(line, check=True, capture_output=True).stdout)

    got = benchmark.pedantic(measure, rounds=1)
    taken, matrices = got["taken"], got["matrices"]
    note(matrices_MB=matrices / 1e6, percent_over=100 * (taken / matrices - 1))
