"""Every kernel under numba's bounds checks: compiled code does not look where it writes."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

PROGRAM = """
import scbsim
for engine in ("dense", "population"):
    for precision in ("float32", "float64"):
        for N, T, Q in ((2, 3, 3), (5, 2048, 1), (70, 5000, 3)):
            stages = [
                {"steps": 3, "rule": rule, "normalize_level": 0.1}
                for rule in ("sgd", "prox", "denoise")
            ]
            for stage in stages[1:]:
                stage["threshold_sigmas"] = 1.5
            spec = scbsim.RunSpec.from_dict({
                "task": {"N": N, "T": T, "Q": Q},
                "dynamics": {"engine": engine, "precision": precision, "batch_size": 1e5},
                "stage": stages,
            })
            assert scbsim.simulate(spec).attrs["status"] == "complete"
for model in "isotropic", "matched":
    for level in {}, {"normalize_level": 0.3}:
        for N, T, Q in ((2, 3, 3), (5, 2048, 1), (5, 5000, 3)):
            spec = scbsim.RunSpec.from_dict({
                "task": {"N": N, "T": T, "Q": Q},
                "dynamics": {"engine": "staged", "batch_size": 1000},
                "noise": {"model": model, "covariances": model == "matched"},
                "stage": [
                    {"steps": 3, "rule": "sgd", **level},
                    {"steps": 3, "rule": "prox", "threshold": 0.05},
                ],
                "output": {"normalized_every": 2},
            })
            assert scbsim.simulate(spec).attrs["status"] == "complete"
matched = {"model": "matched", "every": 2, "covariances": True}
for engine, rule, noise, sigmas in (
    ("dense", "prox", matched, {"threshold_sigmas": 1.5}),
    ("dense", "prox", {"model": "sampled"}, {"threshold": 0.05}),
    ("sparse", "prox", matched, {"threshold_sigmas": 1.5}),
    ("columns", "sgd", matched, {}),
    ("approximate", "sgd", matched, {}),
    ("sampled", "sgd", {"model": "sampled"}, {}),
    ("collapsed", "sgd", {"model": "isotropic"}, {}),
):
    for N, T, Q in ((2, 3, 3), (5, 2048, 1), (70, 5000, 3)):
        spec = scbsim.RunSpec.from_dict({
            "task": {"N": N, "T": T, "Q": Q},
            "dynamics": {"engine": engine, "rule": rule, "batch_size": 1000},
            "noise": noise,
            "stage": [{"steps": 3, **sigmas}],
        })
        assert scbsim.simulate(spec).attrs["status"] == "complete"
# Large steps of the sparse engine, in shares.
spec = scbsim.RunSpec.from_dict({
    "task": {"N": 5000, "T": 100_000, "Q": 3, "K_P": 0.25},
    "dynamics": {"engine": "sparse", "batch_size": 1e9},
    "stage": [{"steps": 3, "threshold_sigmas": 3.5}],
})
assert scbsim.simulate(spec, threads=2).attrs["status"] == "complete"
"""


@pytest.mark.slow(first=True)
def test_no_kernel_leaves_its_arrays(tmp_path):
    environment = {
        **os.environ,
        "NUMBA_BOUNDSCHECK": "1",
        # The checks are in the code that numba gives to LLVM, which takes a fifth of the time.
        "NUMBA_OPT": "0",
        "SCBSIM_CACHE_DIR": str(tmp_path),
        "PYTHONWARNINGS": "ignore",
    }
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[-2000:]
