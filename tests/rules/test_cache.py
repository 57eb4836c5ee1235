"""The kernels of a user's own rule are compiled once for all processes."""

import json
import os
import pickle
import subprocess
import sys

import pytest
from scbsim_testing.own_rules import SOFT, rule_file, tables

from scbsim.kernels.compile.rule_type import KernelRule

PROGRAM = """
import json, sys
import scbsim
from scbsim.kernels.compile.events import compile_events

compiled = set()
with compile_events(lambda what: compiled.add(what.kernel)):
    run = scbsim.simulate(json.loads(sys.argv[1]))
print(json.dumps([sorted(compiled), float(run["loss"][-1])]))
"""


@pytest.mark.slow
def test_a_second_process_compiles_nothing(tmp_path):
    def run(body):
        given = tables(rule_file(tmp_path, body), [{"steps": 5, "threshold": 0.01}])
        given["dynamics"] |= {"engine": "population"}
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM, json.dumps(given)],
            env={**os.environ, "SCBSIM_CACHE_DIR": str(tmp_path / "cache")},
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr[-2000:]
        return json.loads(done.stdout.splitlines()[-1])

    compiled, loss = run(SOFT)
    assert {"try_rule", "advance_sparse"} <= set(compiled)
    assert run(SOFT) == [[], loss]


def plain(s, gradient, rate, threshold):
    return s


def test_another_source_has_kernels_of_its_own():
    types = [
        KernelRule(name, digest, memory, plain).numba_type
        for name, digest, memory in (("own", "1", 0), ("own", "2", 0), ("own", "1", 1))
    ]
    assert len({str(each) for each in types}) == len(set(types)) == 3
    again = KernelRule("own", "1", 0, plain).numba_type
    assert again == types[0]
    assert pickle.loads(pickle.dumps(again)) == again


HELPER = """
@numba.njit({options})
def halved(x):
    return 0.5 * x

@scbsim.rule()
def own(s, gradient, rate, threshold):
    return s - halved(rate) * gradient
"""
FROM_PYTHON = """
import rules
import scbsim

tables = {
    "task": {"N": 3, "T": 20, "Q": 2},
    "dynamics": {"engine": "population", "rule": rules.own, "precision": "float64"},
    "stage": [{"steps": 3}],
}
run = scbsim.simulate(tables)
print(rules.halved(3.0), rules.own(1.0, 2.0, 0.5, 0.0), len(run.step))
"""


@pytest.mark.slow
@pytest.mark.parametrize("options", ["", "cache=True"])
def test_what_a_rule_calls_can_be_called_from_python_too(tmp_path, options):
    """It is compiled with the kernel, and once for both."""
    rule_file(tmp_path, HELPER.format(options=options))
    program = tmp_path / "program.py"
    program.write_text(FROM_PYTHON)
    done = subprocess.run(
        [sys.executable, str(program)],
        env={**os.environ, "SCBSIM_CACHE_DIR": str(tmp_path / "cache")},
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stdout) == (0, "1.5 0.5 4\n"), done.stderr[-2000:]
