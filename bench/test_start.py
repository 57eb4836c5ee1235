"""How long until the first result, in a new process: with nothing compiled, and after that?

The work itself takes milliseconds. Importing NumPy and numba is the part that nobody can avoid.
"""

import os
import subprocess
import sys
from time import perf_counter

import pytest
from sizes import size

PROGRAM = """
import scbsim
spec = {{
    "task": {{"N": 10, "T": 1000, "Q": 2}},
    "dynamics": {{"engine": "dense", "precision": "{precision}", "batch_size": 1e6}},
    "stage": [{{"steps": 10}}],
}}
assert scbsim.simulate(scbsim.RunSpec.from_dict(spec)).attrs["status"] == "complete"
"""


def run(program, folder):
    environment = {**os.environ, "SCBSIM_CACHE_DIR": str(folder), "PYTHONWARNINGS": "ignore"}
    subprocess.run([sys.executable, "-c", program], env=environment, check=True)


def timed(function, *arguments):
    began = perf_counter()
    function(*arguments)
    return perf_counter() - began


@pytest.mark.parametrize("precision", size(["float32", "float64"], ["float32"]))
def test_first_result(precision, benchmark, best_of, note, tmp_path):
    benchmark.group = "first result of a process"
    program = PROGRAM.format(precision=precision)
    folders = (tmp_path / str(i) for i in range(9))
    cold = min(timed(run, program, next(folders)) for _ in range(size(2, 1)))
    warm = tmp_path / "0"
    benchmark.pedantic(run, (program, warm), rounds=5, warmup_rounds=1)
    imports = best_of(lambda: run("import numpy, numba", warm))
    command = best_of(lambda: run("import scbsim.cli.main", warm))
    seconds = benchmark.stats.stats.min
    note(cold_s=cold, warm_s=seconds, imports_s=imports, command_line_s=command)
