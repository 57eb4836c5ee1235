"""Every command and every Python block of the README and of the page of commands, in order."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from scbsim_testing.warm_cli import in_a_fork

ROOT = Path(__file__).parents[1]
PAGES = {"README": ROOT / "README.md", "use": ROOT / "docs" / "use.md"}

STAGES = "--set stage.0.steps=60 --set stage.1.steps=60"
SMALLER = {
    "scbsim figure 5": "scbsim figure 5 --set stage.0.steps=60",
    "scbsim figure 1": f"scbsim figure 1 {STAGES}",
    "scbsim figure 3": f"scbsim figure 3 {STAGES}",
    "scbsim figure 2": "scbsim figure 2 --set stage.0.steps=60",
    "run algorithm1": f"run algorithm1 {STAGES}",
    "scbsim transfer": "scbsim transfer --quick --set stage.0.steps=20 --set stage.1.steps=20",
    "compare compare": "compare compare --set dynamics.replicas=3 --set task.T=200",
    "boundary-noise": "boundary-noise --along task.T=1e3,2e3 --seeds 1 --replicas 2",
    "boundary-theorem": "boundary-theorem --along task.T=1e3,2e3 --seeds 1 --replicas 2",
    "task.T=1e8": "task.T=1e4",
    "1e3:1e9:30log": "1e3:1e5:3log",
    "1e5:1e10:50log": "1e5:1e7:3log",
    # What would go to Slurm is shown.
    "scbsim submit": "scbsim submit --dry-run",
    "-n 64 scbsim run my.toml": "-n 2 scbsim run my.toml --set stage.0.steps=60",
}
"""What a test cannot wait for, or has no cluster for, and what it does instead."""


def lines(page: str) -> list[str]:
    """Return the commands of a page, without what they say of themselves."""
    found = re.findall(r"^    ((?:scbsim|mpiexec) .*)$", PAGES[page].read_text(), re.MULTILINE)
    return [line.split("  #")[0].split("   #")[0].strip() for line in found]


def here(line: str) -> str:
    """Return a line as it is run by this test."""
    for real, small in SMALLER.items():
        line = line.replace(real, small)
    return line


def test_what_is_made_smaller_is_there():
    for real in SMALLER:
        assert any(real in line for page in PAGES for line in lines(page)), real


def test_the_readme_is_short():
    assert len(PAGES["README"].read_text().splitlines()) <= 126


def in_a_shell(line, folder):
    own = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        line,
        shell=True,
        cwd=folder,
        env={**os.environ, "PATH": own},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


@pytest.mark.slow(first=True)
@pytest.mark.parametrize("page", PAGES)
def test_every_line(page, tmp_path):
    start = ["scbsim figure 5 --quick"] if page == "README" else []
    commands = [*start, *lines(page)]
    assert len(commands) > {"README": 7, "use": 25}[page]
    for number, line in enumerate(commands):
        # What needs no shell but for a redirection is not a new process each time.
        run = in_a_fork if number and line.startswith("scbsim ") else in_a_shell
        status, out, err = run(here(line), tmp_path)
        assert status == 0, f"{line}\n{out}\n{err}"
        if "Warning" in err:
            pytest.fail(f"{line}\n{err}")
        # What a line says that it makes is there.
        for name in re.findall(r"(?:-o|>) (\S+)", line):
            assert (tmp_path / name).exists() or "submit" in line, line


@pytest.mark.slow
def test_the_python_of_the_readme(tmp_path):
    blocks = re.findall(r"```python\n(.*?)```", PAGES["README"].read_text(), re.DOTALL)
    assert blocks
    program = "import matplotlib; matplotlib.use('agg')\n" + "\n".join(blocks)
    line = [sys.executable, "-W", "error::scbsim.errors.RunWarning", "-c", program]
    done = subprocess.run(line, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "run.h5").exists()
    assert (tmp_path / "delta_A.png").exists()
