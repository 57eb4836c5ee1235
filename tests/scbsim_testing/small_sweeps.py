"""Sweeps of no time, and their command lines."""

from __future__ import annotations

import atexit
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import chdir
from functools import cache
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import xarray as xr
from click.testing import CliRunner

from scbsim import simulate
from scbsim.cli.main import cli
from scbsim.spec.sweep import Sweep
from scbsim.sweep.folder import SweepFolder
from scbsim.sweep.states import states
from scbsim_testing.warm_cli import warm_cli

SPEC = """
[task]
N = 6
T = 60
Q = 2
P_concentration = 0.05
[dynamics]
engine = "{engine}"
rule = "{rule}"
batch_size = 1e5
[[stage]]
steps = {steps}
[output]
every = {every}
checkpoint_seconds = {checkpoint_seconds}
"""


def sweep_text(
    table: str = 'product = {"seed" = "0:3"}',
    *,
    steps: int = 20,
    every: int = 1,
    engine: str = "collapsed",
    checkpoint_seconds: float = 60,
) -> str:
    """A sweep as TOML; without a table, a single run."""
    spec = SPEC.format(
        engine=engine,
        rule="sgd" if engine == "collapsed" else "prox",
        steps=steps,
        every=every,
        checkpoint_seconds=checkpoint_seconds,
    )
    return f"{spec}[sweep]\n{table}\n" if table else spec


def started(*words: object, cwd: Path, **environment: str) -> subprocess.Popen[str]:
    """Start a command line."""
    return subprocess.Popen(
        [sys.executable, "-m", "scbsim", *map(str, words)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=cwd,
        env={**os.environ, **environment},
    )


def ended(*words: object, cwd: Path, **environment: str) -> tuple[int, str]:
    """Run a command line to its end; return its status and all that it said."""
    if not environment:
        done = warm_cli()(*words, cwd=cwd)
        assert "Traceback" not in done.err, done.err
        return done.status, done.out + done.err
    process = started(*words, cwd=cwd, **environment)
    out, err = process.communicate(timeout=600)
    assert "Traceback" not in err, err
    return process.returncode, out + err


def ended_here(*words: object, cwd: Path) -> tuple[int, str]:
    """As `ended`, in this process: for commands that neither run nor wait."""
    with chdir(cwd):
        done = CliRunner().invoke(cli, [str(word) for word in words], prog_name="scbsim")
    assert "Traceback" not in done.stderr, done.stderr
    return done.exit_code, done.stdout + done.stderr


def collected(path: Path) -> xr.Dataset:
    """A collection, in memory, without the paths and the names of its sources."""
    with xr.open_dataset(path, engine="h5netcdf") as found:
        return found.drop_vars(["file", "run_uuid"], errors="ignore").load()


def ran(tmp_path: Path, table: str, but: Sequence[int] = (), **changes: Any) -> SweepFolder:
    """Run a sweep in this process, into the folder ``d``: all but a few of its runs.

    The same sweep is run once, and copied.
    """
    made = _made(table, tuple(but), **changes)
    shutil.copytree(made, tmp_path, dirs_exist_ok=True)
    return SweepFolder.open(tmp_path / "d")


@cache
def _made(table: str, but: tuple[int, ...], **changes: Any) -> Path:
    made = Path(tempfile.mkdtemp())
    atexit.register(shutil.rmtree, made)
    path = made / "s.toml"
    path.write_text(sweep_text(table, **changes))
    folder = SweepFolder.made(made / "d", Sweep.from_toml(path))
    for i, run in enumerate(folder.sweep.runs):
        if i not in but:
            folder.prepared(run)
            simulate(folder.sweep.spec_of(run), output=folder.output(run))
    return made


def found(folder):
    return {each.run.name: each.state for each in states(SweepFolder.open(folder))}


def until(is_so, seconds=120.0):
    deadline = monotonic() + seconds
    while not is_so():
        assert monotonic() < deadline
        sleep(0.05)
