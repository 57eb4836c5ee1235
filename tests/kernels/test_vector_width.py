"""The width of vectors: what chooses it, and that the bits do not depend on it."""

import os
import subprocess
import sys

import llvmlite.binding as llvm
import pytest

from scbsim.errors import InputError
from scbsim.kernels.compile.simd_width import choose_width

FEATURES = llvm.get_host_cpu_features()


WIDTH = """
import sys
import llvmlite.binding as llvm
import numpy as np

if sys.argv[1:]:
    llvm.get_host_cpu_name = lambda: sys.argv[1]

from scbsim.kernels.compile.jit import kernel

@kernel
def scale(x):
    for i in range(x.size):
        x[i] *= x.dtype.type(2)

scale(np.zeros(99, np.float32))
print("zmm" in scale.inspect_asm(scale.signatures[0]))
"""


INTEL = "icelake-server"


@pytest.mark.slow
@pytest.mark.skipif(not FEATURES.get("avx512f"), reason="has one width of vectors only")
@pytest.mark.parametrize(
    ("names", "host", "wide"),
    [
        ({}, "", True),
        ({"SCBSIM_VECTOR_BITS": "512"}, "", True),
        ({"SCBSIM_VECTOR_BITS": "256"}, "", False),
        # LLVM itself would keep to 256 bits on this one.
        ({}, INTEL, True),
        ({"SCBSIM_VECTOR_BITS": "256"}, INTEL, False),
        # What numba is told of the processor is left alone, unless a width is asked for, too.
        ({"NUMBA_CPU_NAME": INTEL}, "", False),
        ({"NUMBA_CPU_NAME": INTEL, "SCBSIM_VECTOR_BITS": "512"}, "", True),
        ({"NUMBA_CPU_NAME": "generic"}, "", False),
        ({"NUMBA_CPU_FEATURES": FEATURES.flatten()}, INTEL, False),
    ],
)
def test_the_environment_chooses_the_width(names, host, wide, tmp_path):
    program = tmp_path / "program.py"
    program.write_text(WIDTH)
    done = subprocess.run(
        [sys.executable, str(program), *host.split()],
        env={**os.environ, "SCBSIM_CACHE_DIR": str(tmp_path / "cache"), **names},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == f"{wide}\n"


def test_another_width_is_refused(monkeypatch):
    monkeypatch.setenv("SCBSIM_VECTOR_BITS", "1024")
    with pytest.raises(InputError, match="SCBSIM_VECTOR_BITS is '1024'; 256 and 512 are allowed"):
        choose_width()


PROGRAM = """
import hashlib, warnings
import numpy as np
import scbsim
warnings.simplefilter("ignore")
digest = hashlib.sha256()
sgd = [{"steps": 10, "rule": "sgd"}]
l1 = [
    {"steps": 10, "rule": "prox", "threshold_sigmas": 1.5, "normalize_level": 0.1},
    {"steps": 10, "rule": "denoise", "threshold_sigmas": 1.5},
]
for engine, precision, stages in [
    ("dense", "float32", sgd + l1),
    ("dense", "float64", sgd + l1),
    ("sparse", "float64", l1),
    ("collapsed", "float64", sgd),
]:
    spec = scbsim.RunSpec.from_dict({
        "seed": 4,
        "task": {"N": 70, "T": 2500, "Q": 2, "mu": "dirichlet"},
        "dynamics": {"engine": engine, "precision": precision, "batch_size": 1e6},
        "init": {"alpha_A": 0.1, "alpha_V": 0.1},
        "stage": stages,
    })
    # No step here is large enough for shares, whose kernels several threads would compile.
    run = scbsim.simulate(spec, threads=1 if engine == "sparse" else None)
    assert run.attrs["status"] == "complete"
    for name in sorted(run.data_vars):
        digest.update(np.ascontiguousarray(run[name]))
for N, precision in (3, "float32"), (10, "float64"), (100, "float32"):
    spec = scbsim.RunSpec.from_dict({
        "task": {"N": N, "T": 2500, "Q": 2},
        "dynamics": {"engine": "batch", "batch_size": 20, "rule": "sgd", "precision": precision},
        "stage": [{"steps": 5}],
    })
    digest.update(np.ascontiguousarray(scbsim.simulate(spec)["loss"]))
    for array in scbsim.sample_batch(scbsim.Task.from_spec(spec.task), 50):
        digest.update(np.ascontiguousarray(array))
print(digest.hexdigest())
"""


@pytest.mark.slow(first=True)
@pytest.mark.skipif(not FEATURES.get("avx512f"), reason="has one width of vectors only")
def test_the_width_of_vectors_does_not_change_the_bits():
    narrow = dict(FEATURES)
    narrow.update((name, False) for name in narrow if name.startswith("avx512"))
    features = ",".join(("+" if on else "-") + name for name, on in narrow.items())
    digests = set()
    narrower = {"SCBSIM_VECTOR_BITS": "256"}
    for names in {}, narrower, {"NUMBA_CPU_NAME": "haswell", "NUMBA_CPU_FEATURES": features}:
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM],
            env={**os.environ, **names},
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr[-2000:]
        digests.add(done.stdout)
    assert len(digests) == 1
