"""Runs in processes of their own, and what they take: the ground truth of estimates."""

import json
import resource
import subprocess
import sys

PROGRAM = """
import json, sys
from pathlib import Path
from time import process_time
from scbsim.run.execution import Execution
from scbsim.spec import RunSpec
from scbsim.storage.session import Session

spec, output = RunSpec.from_dict(json.loads(sys.argv[1])), Path(sys.argv[2])
times, checkpoints = [], [0]
with Session(output, spec, overwrite=False, resume=False) as session:
    save = session.save

    def measured(position):
        save(position)
        files = output.parent.glob(f"{output.name}.ckpt*")
        checkpoints.append(sum(path.stat().st_size for path in files))

    session.save = measured
    run = Execution(
        spec, session, threads=1, on_block=lambda step, *_: times.append((process_time(), step))
    )
    _, status = run.run()
blocks = [(b[0] - a[0], b[1] - a[1]) for a, b in zip(times[1:], times[2:])]
most = max(steps for _, steps in blocks)
held = [l for l in Path("/proc/self/status").read_text().splitlines() if l.startswith("VmHWM")]
print(
    json.dumps(
        {
            "step": min(t / n for t, n in blocks if n >= most / 4),
            "steps": times[-1][1],
            "peak": 1024 * int(held[0].split()[1]),
            "file": output.stat().st_size,
            "checkpoints": max(checkpoints),
            "status": status,
        }
    )
)
"""


def measured_run(tables, folder):
    """Return what a run on one thread takes, times in processor time, the step at its best."""
    line = [sys.executable, "-P", "-c", PROGRAM, json.dumps(tables), str(folder / "run.h5")]
    began = _of_children()
    done = subprocess.run(line, capture_output=True, text=True, check=True)
    # From the start of the process to its end, as the rates of a start have it.
    return {**json.loads(done.stdout), "seconds": _of_children() - began}


def _of_children():
    """Return the processor time of all children that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def stages(steps, **keys):
    return [{"steps": steps, **keys}]


LEVELS = {"model": "matched", "covariances": False}
COVARIANCES = {"model": "matched", "covariances": True}
SLOW = {"rate_A": 1e-3, "rate_V": 1e-3}
STILL = {"rate_A": 1e-5, "rate_V": 1e-5}

RUNS = {
    "dense, l1": {
        "task": {"N": 50, "T": 20_000, "Q": 2},
        "dynamics": {"engine": "dense", "batch_size": 5e6},
        "stage": stages(2000, threshold_sigmas=4.0),
    },
    "dense, SGD, float64": {
        "task": {"N": 100, "T": 200_000, "Q": 2},
        "dynamics": {"engine": "dense", "rule": "sgd", "precision": "float64"},
        "stage": stages(50),
    },
    "dense, matched noise": {
        "task": {"N": 80, "T": 10_000, "Q": 2},
        "dynamics": {"engine": "dense", "batch_size": 1e8},
        "noise": LEVELS,
        "stage": stages(1000, threshold_sigmas=4.5),
    },
    "dense, checkpoints": {
        "task": {"N": 100, "T": 200_000, "Q": 2},
        "dynamics": {"engine": "dense"},
        "stage": stages(100, threshold_sigmas=4.0),
        "output": {"checkpoint_seconds": 0.2},
    },
    "sparse": {
        "task": {"N": 500, "T": 100_000, "Q": 2},
        "dynamics": {"engine": "sparse", "batch_size": 2.5e7},
        "stage": stages(20_000, threshold_sigmas=4.5),
    },
    "sparse, matched noise": {
        "task": {"N": 60, "T": 100_000, "Q": 2},
        "dynamics": {"engine": "sparse", "batch_size": 1e9},
        "noise": LEVELS,
        "stage": stages(5000, threshold_sigmas=4.5),
    },
    "sparse, many columns": {
        "task": {"N": 20_000, "T": 10**7, "Q": 2, "K_P": 0.25},
        "dynamics": {"engine": "sparse", "batch_size": 4e9},
        "noise": {"sigma_V": 0.01},
        "stage": stages(1000, threshold_sigmas=5.5),
    },
    "collapsed": {
        "task": {"N": 500, "T": 10**9, "Q": 2},
        "dynamics": {"rule": "sgd", "batch_size": 1e12},
        "stage": stages(500_000),
        "output": {"every": 10},
    },
    "columns, covariances": {
        "task": {"N": 50, "T": 10**6, "Q": 3},
        "dynamics": {"engine": "columns", "rule": "sgd", "batch_size": 1e9},
        "noise": COVARIANCES,
        "stage": stages(20_000, **SLOW),
    },
    "approximate": {
        "task": {"N": 200, "T": 10**6, "Q": 3},
        "dynamics": {"engine": "approximate", "rule": "sgd", "batch_size": 1e9},
        "noise": LEVELS,
        "stage": stages(50_000, **SLOW),
    },
    "dense, sampled noise": {
        "task": {"N": 20, "T": 20_000, "Q": 2},
        "dynamics": {"engine": "dense", "rule": "prox", "batch_size": 500},
        "noise": {"model": "sampled"},
        "stage": stages(1000, threshold=0.05, **SLOW),
    },
    "sampled": {
        "task": {"N": 20, "T": 10**5, "Q": 2},
        "dynamics": {"engine": "sampled", "rule": "sgd", "batch_size": 3000},
        "noise": {"model": "sampled"},
        "stage": stages(1000, **STILL),
    },
    "batch": {
        "task": {"N": 20, "T": 2000, "Q": 2, "P_concentration": 0.05},
        "dynamics": {"engine": "batch", "rule": "sgd", "batch_size": 256},
        "stage": stages(2000, **STILL),
    },
    "softmax, float64": {
        "task": {"N": 8, "T": 500, "Q": 2, "P_concentration": 0.05},
        "dynamics": {
            **{"engine": "softmax", "rule": "sgd", "precision": "float64"},
            "batch_size": 500,
        },
        "stage": stages(3000, **STILL),
    },
    "staged, covariances": {
        "task": {"N": 10, "T": 10**7, "Q": 2, "P_concentration": 0.05},
        "dynamics": {"engine": "staged", "batch_size": 1e7},
        "noise": COVARIANCES,
        "init": {"alpha_A": 0.0, "alpha_V": 0.0},
        "stage": [
            {"rule": "sgd", "steps": 1000, "until_signal": 0.1},
            {"rule": "prox", "steps": 500, "threshold_sigmas": 4.0, "normalize_level": 0.1},
        ],
    },
    "staged, entries left": {
        "task": {"N": 20, "T": 10**6, "Q": 2},
        "dynamics": {"engine": "staged", "batch_size": 1e9},
        "stage": [
            {"rule": "sgd", "steps": 20},
            {"rule": "prox", "steps": 3000, "threshold_sigmas": 7.0},
        ],
    },
    "collapsed, drawn often": {
        "task": {"N": 10, "T": 10**6, "Q": 2},
        "dynamics": {"engine": "collapsed", "rule": "sgd", "batch_size": 1e6},
        "stage": stages(1000),
        "output": {"normalized_every": 125},
    },
    "snapshots": {
        "task": {"N": 100, "T": 200_000, "Q": 2},
        "dynamics": {"engine": "dense"},
        "stage": stages(9, threshold_sigmas=4.0),
        "output": {"snapshot_every": 3},
    },
}
"""Specs of unlike kinds; each takes seconds."""
