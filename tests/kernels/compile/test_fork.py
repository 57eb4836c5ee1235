"""A process that was forked from one with threads computes, on one thread, to the same numbers."""

import json
import os
import subprocess
import sys

import pytest

PROGRAM = """
import json, multiprocessing, os, sys, warnings
import numba, scbsim

way, engine, asked = sys.argv[1:]
spec = scbsim.RunSpec.from_dict({
    "task": {"N": 50, "T": 2100, "Q": 1},
    "dynamics": {"engine": engine, "batch_size": 60, "rule": "sgd"},
    "stage": [{"steps": 3}],
})
task = scbsim.Task.from_spec(spec.task)


def compute(seed):
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        loss = scbsim.simulate(spec.replace(seed=seed), threads=json.loads(asked)).loss.values
        tokens = scbsim.sample_batch(task, 99, seed, threads=2).tokens
    return [loss.tolist(), int(tokens.sum()), [str(each.message) for each in said]]


def forked(work):
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(write, json.dumps(work()).encode())
        os._exit(0)
    os.close(write)
    with open(read) as file:
        found = file.read()
    os.waitpid(child, 0)
    return json.loads(found)


before = compute(5)
if way == "fork":
    after = forked(lambda: compute(5))
elif way == "grandchild":
    after = forked(lambda: forked(lambda: compute(5)))
elif way == "twice":
    after = forked(lambda: [*compute(5)[:2], compute(5)[2]])
else:
    with multiprocessing.get_context("fork").Pool(1) as pool:
        after = pool.map(compute, [5])[0]
print(json.dumps([numba.threading_layer(), before, after]))
"""


def run(layer, *words):
    """Compute in a process and in one forked from it; both are of the same numbers."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *words],
        env={**os.environ, "NUMBA_NUM_THREADS": "2", "NUMBA_THREADING_LAYER": layer},
        capture_output=True,
        text=True,
        check=False,
        timeout=200,
    )
    assert done.returncode == 0, done.stderr
    used, before, after = json.loads(done.stdout)
    assert after[:2] == before[:2]
    assert before[2] == []
    return used, after[2]


@pytest.mark.slow
@pytest.mark.parametrize(
    "words",
    [
        ("fork", "dense", "null"),
        ("fork", "batch", "2"),
        ("grandchild", "dense", "2"),
        ("pool", "dense", "null"),
    ],
    ids=" ".join,
)
def test_a_child_has_one_thread(words):
    used, said = run("omp", *words)
    assert used == "omp"
    if sys.platform == "linux":
        # Once, of a run and of samples.
        (message,) = said
        assert message.startswith("this process was forked from one that has threads")


def test_it_is_said_once():
    assert run("omp", "twice", "dense", "null")[1] == []


@pytest.mark.slow
def test_another_layer_has_threads_after_a_fork():
    assert run("workqueue", "fork", "dense", "2") == ("workqueue", [])
