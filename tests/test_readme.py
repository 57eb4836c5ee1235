"""Every command and every Python block of the README, in order, in one folder."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

README = (Path(__file__).parents[1] / "README.md").read_text()
USE = README.split("## Use")[1].split("##")[0]

SMALLER = {
    "scbsim transfer": "scbsim transfer --quick --set stage.0.steps=20 --set stage.1.steps=20",
    "compare compare": "compare compare --set dynamics.replicas=3 --set task.T=200",
    "boundary-noise": "boundary-noise --along task.T=1e3,2e3 --seeds 1 --replicas 2",
    "1e3:1e9:30log": "1e3:1e5:3log",
    "1e5:1e10:50log": "1e5:1e7:3log",
    # What would go to Slurm is shown.
    "scbsim submit": "scbsim submit --dry-run",
    "-n 64": "-n 2",
}
"""What a test cannot wait for, or has no cluster for, and what it does instead."""


def lines() -> list[str]:
    """Return the commands of the section, without what they say of themselves."""
    found = re.findall(r"^    ((?:scbsim|mpiexec) .*)$", USE, re.MULTILINE)
    return [line.split("  #")[0].split("   #")[0].strip() for line in found]


def here(line: str) -> str:
    """Return a line as it is run by this test."""
    for real, small in SMALLER.items():
        line = line.replace(real, small)
    return line


def test_what_is_made_smaller_is_in_the_readme():
    for real in SMALLER:
        assert any(real in line for line in lines()), real


@pytest.mark.slow(first=True)
def test_every_line_of_the_readme(tmp_path):
    commands = ["scbsim figure 5 --quick", *lines()]
    assert len(commands) > 20
    own = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    for line in commands:
        done = subprocess.run(
            here(line),
            shell=True,
            cwd=tmp_path,
            env={**os.environ, "PATH": own},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == 0, f"{line}\n{done.stdout}\n{done.stderr}"
        if "Warning" in done.stderr:
            pytest.fail(f"{line}\n{done.stderr}")
        # What a line says that it makes is there.
        for name in re.findall(r"(?:-o|>) (\S+)", line):
            assert (tmp_path / name).exists() or "submit" in line, line
    blocks = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    assert blocks
    program = "import matplotlib; matplotlib.use('agg')\n" + "\n".join(blocks)
    line = [sys.executable, "-W", "error::scbsim.errors.RunWarning", "-c", program]
    done = subprocess.run(line, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "run.h5").exists()
