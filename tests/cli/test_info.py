import json
import math
import os
import re
import subprocess
import sys
from socket import gethostname

import numpy as np
import pytest

from scbsim import RunSpec, simulate
from scbsim.cli.info import jsonable
from scbsim.cli.info_table import flat
from scbsim.observables import NAMES
from scbsim.storage.description import describe


def refuse(constant):
    raise ValueError(f"{constant} is not JSON")


def test_json_is_what_describe_says(scbsim, done):
    result = scbsim("info", done, "--json")
    assert result.exit_code == 0, result.output
    content = json.loads(result.stdout, parse_constant=refuse)
    assert content == jsonable(describe(done))
    assert content["status"] == "complete"
    assert (content["rows"], content["step"]) == (21, 20)
    assert content["spec"]["task"]["N"] == 6


def test_table_has_all_that_matters(scbsim, done):
    result = scbsim("info", done)
    assert result.exit_code == 0, result.output
    shown = result.stdout
    content = describe(done)
    for name in NAMES:
        assert f"{content['last'][name]:.6g}" in shown
        assert f"{content['normalized'][name]:.6g}" in shown
    for word in ("complete", "21, the last at step 20", "task.N", "stage.0.steps", "Made by"):
        assert word in shown
    assert content["run_uuid"] in shown


@pytest.mark.slow
def test_a_narrow_terminal_cuts_no_key(process, done, tmp_path):
    result = process("info", done, env={"COLUMNS": "40", "PATH": ""})
    assert "dynamics.batch_size" in result.stdout


@pytest.mark.parametrize("content", [None, b"", b"not HDF5 at all"])
def test_a_file_that_is_none(scbsim, fails, tmp_path, content):
    path = tmp_path / "bad.h5"
    if content is not None:
        path.write_bytes(content)
    assert "bad.h5" in fails(scbsim("info", path), 2)
    fails(scbsim("info", path, "--json"), 2)


def test_jsonable_has_words_for_what_json_has_not():
    given = {"a": math.nan, "b": [math.inf, -math.inf], "c": np.float64(0.5), "d": np.arange(2)}
    assert jsonable(given) == {"a": None, "b": ["inf", "-inf"], "c": 0.5, "d": [0, 1]}
    assert jsonable((True, None, "x", 3)) == [True, None, "x", 3]


def test_flat_keys_are_those_of_set():
    table = {"seed": 1, "stage": [{"steps": 5, "threshold": None}], "list": [1, 2]}
    assert flat(table) == [("seed", "1"), ("stage.0.steps", "5"), ("list", "[1, 2]")]


KILLED = """
import os, sys
from scbsim import RunSpec, simulate
looks = iter(range(9))
spec = RunSpec.from_toml(sys.argv[1], overrides=["stage.0.steps=900", *sys.argv[3:]])
simulate(spec, output=sys.argv[2], stop=lambda: next(looks) == 4 and os._exit(9))
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("seconds", "where"),
    [("1e-9", r"from the checkpoint at step (\d+)"), ("60", "from the start()")],
)
def test_a_writer_that_died(scbsim, spec, tmp_path, seconds, where, monkeypatch):
    # Wide enough that no long name of a folder is broken up.
    monkeypatch.setenv("COLUMNS", "300")
    path = tmp_path / "my run.h5"
    words = [str(spec), str(path), f"output.checkpoint_seconds={seconds}"]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", KILLED, *words], check=False, env=environment)
    assert done.returncode == 9
    before = path.read_bytes()
    result = scbsim("info", path)
    assert result.exit_code == 0, result.output
    said = " ".join(result.stdout.split())
    assert "interrupted: no process on this machine writes it, so its writer was killed" in said
    what_to_type = re.escape(f"scbsim run SPEC.toml -o '{path}' --resume` resumes it ")
    step = re.search(what_to_type + where, said)[1]
    content = json.loads(scbsim("info", path, "--json").stdout)
    assert (content["status"], content["writer"]) == ("running", None)
    assert content["checkpoint_step"] == (int(step) if step else None)
    assert step != "0", "a checkpoint is of some steps on"
    assert path.read_bytes() == before


def test_a_stopped_run_says_what_to_type(scbsim, spec, tmp_path):
    path = tmp_path / "run.h5"
    simulate(RunSpec.from_toml(spec), output=path, stop=lambda: True)
    said = " ".join(scbsim("info", path).stdout.split())
    assert "stopped on a signal" in said
    assert "--resume` resumes it from the checkpoint at step 0" in said


def test_a_live_run_names_its_writer(scbsim, spec, tmp_path):
    path, said = tmp_path / "run.h5", []

    def look():
        said.append(scbsim("info", path))
        return True

    simulate(RunSpec.from_toml(spec), output=path, stop=look)
    assert said[0].exit_code == 0, said[0].output
    assert f"running: written by process {os.getpid()} on {gethostname()}" in " ".join(
        said[0].stdout.split()
    )
