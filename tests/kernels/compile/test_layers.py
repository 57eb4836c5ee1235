"""Libraries of threads: those that are not there, and one that only one thread may call at once."""

import importlib
import os
import subprocess
import sys

import pytest


def run(program, *words, **environment):
    return subprocess.run(
        [sys.executable, "-c", program, *words],
        env={**os.environ, "NUMBA_NUM_THREADS": "2", **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=200,
    )


AT_ONCE = """
import json, threading
import numba, scbsim
spec = scbsim.RunSpec.from_dict({
    "task": {"N": 50, "T": 2100, "Q": 1},
    "dynamics": {"engine": "dense", "batch_size": 1e6},
    "stage": [{"steps": 150}],
})
task = scbsim.Task.from_spec(spec.task)
begin = threading.Barrier(4)
found = [None] * 4

def work(i):
    begin.wait()
    run = scbsim.simulate(spec, threads=2)
    found[i] = (run.loss.values.tobytes(), scbsim.sample_batch(task, 99, threads=2)[0].tobytes())

threads = [threading.Thread(target=work, args=(i,)) for i in range(4)]
for thread in threads: thread.start()
for thread in threads: thread.join()
alone = scbsim.simulate(spec, threads=2)
assert json.loads(alone.attrs["provenance"])["threads"] == 2
assert found == [(alone.loss.values.tobytes(), scbsim.sample_batch(task, 99)[0].tobytes())] * 4
print(numba.threading_layer())
"""


@pytest.mark.slow
@pytest.mark.parametrize("layer", ["workqueue", "omp"])
def test_several_threads_run_at_once(layer):
    done = run(AT_ONCE, NUMBA_THREADING_LAYER=layer)
    assert (done.returncode, done.stdout) == (0, f"{layer}\n"), done.stderr


def has_tbb():
    try:
        importlib.import_module("numba.np.ufunc.tbbpool")
    except ImportError:
        return False
    return True


WRONG = {
    "NUMBA_THREADING_LAYER=nonsense": (
        "the environment variable NUMBA_THREADING_LAYER is 'nonsense'; it takes default, omp, tbb, "
        "workqueue, safe, threadsafe, forksafe"
    ),
    "NUMBA_THREADING_LAYER_PRIORITY=omp tbb": (
        "the environment variable NUMBA_THREADING_LAYER_PRIORITY is 'omp tbb'; it takes omp, tbb "
        "and workqueue in any order, with spaces between"
    ),
    "NUMBA_DISABLE_JIT=1": (
        "NUMBA_DISABLE_JIT is set; nothing can be computed without the compiler: unset it"
    ),
    "NUMBA_THREADING_LAYER=tbb": (
        "the environment variable NUMBA_THREADING_LAYER is 'tbb', and that threading layer is not "
        "installed here; unset it, or set it to omp or workqueue"
    ),
    "NUMBA_THREADING_LAYER=safe": (
        "the environment variable NUMBA_THREADING_LAYER is 'safe', and that threading layer is "
        "not installed here; unset it, or set it to omp or workqueue"
    ),
}
PYTHON = """
import sys
from scbsim import errors
try:
    import scbsim
    spec = scbsim.RunSpec.from_dict({"task": {"N": 5, "T": 50, "Q": 2}, "stage": [{"steps": 1}]})
    scbsim.simulate(spec)
except errors.InputError as error:
    print(error)
"""


@pytest.mark.slow
@pytest.mark.parametrize("setting", WRONG)
def test_what_cannot_be_is_said_plainly(setting, tmp_path):
    name, value = setting.split("=")
    if value in ("tbb", "safe") and has_tbb():
        pytest.skip("this layer is here")
    done = subprocess.run(
        [sys.executable, "-m", "scbsim", "run", "quickstart", "-o", tmp_path / "run.h5"],
        env={**os.environ, name: value},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (2, f"Error: {WRONG[setting]}\n")
    done = run(PYTHON, **{name: value})
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{WRONG[setting]}\n", "")


def test_empty_settings_are_none():
    done = run(PYTHON, NUMBA_THREADING_LAYER=" ", NUMBA_THREADING_LAYER_PRIORITY=" ")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
