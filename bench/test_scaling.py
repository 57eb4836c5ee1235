"""Does the script that times steps over threads run?"""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import sizes

SCRIPT = Path(__file__).with_name("scaling.py")


def test_scaling(tmp_path, benchmark):
    if not sizes.small:
        pytest.skip("takes minutes: python bench/scaling.py")
    words = ["--small", "--threads", "1,2", "--json", str(tmp_path / "scaling.json")]
    line = [sys.executable, str(SCRIPT), *words]
    benchmark.pedantic(subprocess.run, (line,), {"check": True, "capture_output": True}, rounds=1)
    steps = json.loads((tmp_path / "scaling.json").read_text())["steps"]
    assert {each["threads"] for each in steps} <= {1, 2}
    assert {each["step"].split(",")[0] for each in steps} == {"dense", "batch", "sparse"}
