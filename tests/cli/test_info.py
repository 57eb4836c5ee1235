import json
import math

import numpy as np
import pytest

from scbsim.cli.info import jsonable
from scbsim.cli.info_table import flat
from scbsim.observables import NAMES
from scbsim.storage.reader import describe


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
