"""What does a run at N = 100,000 or a million, T = 1e9 take, in time a step and in memory?

A task known by K_P, and the sparse engine with V by its scalars, in a process of its own: nothing
is of size N^2 or N T. Memory is the most that the whole process holds, Python and all. Beside the
time on the clock stands that of the processors, on all threads together.
"""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from sizes import size

N, T = size((100_000, 1_000_000_000), (2_000, 100_000))
LARGER = size(1_000_000, 4_000)

PROGRAM = """
import json, sys
from pathlib import Path
from time import perf_counter, process_time
from scbsim import RunSpec, Task
from scbsim.engines.select import build, plan_of
from scbsim.engines.stages import stages_of

N, T, sigmas, steps = int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]), int(sys.argv[4])
threads = int(sys.argv[5])


def engine(N, T):
    spec = RunSpec.from_dict(
        {
            "task": {"N": N, "T": T, "Q": 2, "K_P": 0.25},
            "dynamics": {"engine": "sparse", "batch_size": 2e5 * N},
            "noise": {"sigma_V": 0.01},
            "stage": [{"steps": 1000, "threshold_sigmas": sigmas}],
        }
    )
    began = perf_counter()
    task = Task.from_spec(spec.task)
    drawn = perf_counter() - began
    return drawn, build(plan_of(spec, task), 1), stages_of(spec, task)[0]


_, small, stage = engine(100, T)
small.advance(stage, 2)
drawn, large, stage = engine(N, T)
large.use_threads(threads)
large.advance(stage, 2)
seconds, used = [], []
for _ in range(5):
    began, before = perf_counter(), process_time()
    large.advance(stage, steps)
    seconds.append((perf_counter() - began) / steps)
    used.append((process_time() - before) / steps)
# Not getrusage, which goes on from the most that the parent held.
held = [l for l in Path("/proc/self/status").read_text().splitlines() if l.startswith("VmHWM")]
peak = 1024 * int(held[0].split()[1])
active = len(large.state()["data"])
found = {"step": min(seconds), "used": min(used), "peak": peak}
print(json.dumps({**found, "drawn": drawn, "active": active}))
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads /proc")
@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize(
    ("N", "sigmas", "steps"), [(N, 5.5, 2), (N, 6.0, 10), (N, 6.5, 40), (LARGER, 6.0, 2)]
)
def test_large(N, sigmas, steps, threads, benchmark, note):
    benchmark.group = f"N={N} T={T:.0e}"
    line = [sys.executable, "-c", PROGRAM, *map(str, (N, T, sigmas, steps, threads))]

    def measure():
        return json.loads(subprocess.run(line, check=True, capture_output=True).stdout)

    got = benchmark.pedantic(measure, rounds=1)
    note(
        ms_a_step=1e3 * got["step"],
        ms_of_processors=1e3 * got["used"],
        peak_MB=got["peak"] / 1e6,
        active_entries=got["active"],
        ms_for_the_task=1e3 * got["drawn"],
    )
