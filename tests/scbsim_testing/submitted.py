"""A sweep that was submitted, as seen by the commands."""

from __future__ import annotations

import json
import re
from contextlib import chdir
from pathlib import Path

from click.testing import CliRunner

from scbsim.cli.main import cli
from scbsim.cluster.bundle import run_bundle
from scbsim.spec.sweep import Sweep
from scbsim.storage.runfile.status import run_status
from scbsim.sweep.folder import SweepFolder
from scbsim_testing.small_sweeps import collected


class Submitted:
    """Submitted to a Slurm from its construction, from ``s.toml`` into ``d`` in a folder."""

    def __init__(self, slurm, folder, text, *words):
        self.slurm = slurm
        self.folder = folder
        (folder / "s.toml").write_text(text)
        self.job = self.submit(*words)

    def do(self, *words, status=0):
        """Run a command in this process, as each of the many would take a second to start."""
        with chdir(self.folder):
            ended = CliRunner().invoke(cli, [str(word) for word in words])
        assert ended.exit_code == status, ended.output
        return ended.output

    def submit(self, *words):
        said = self.do("submit", "s.toml", "-o", "d", *words)
        return re.search(r"job (\d+)", said)[1]

    def resubmit(self, *words):
        self.job = re.search(r"job (\d+)", self.do("resubmit", "d", *words))[1]

    def status(self):
        return json.loads(self.do("status", "d", "--json"))

    def states(self):
        return {run["name"]: run["state"] for run in self.status()["runs"]}

    def running(self):
        """The tasks that run, and the node of each."""
        said = self.slurm.said("squeue", "-h", "-r", "-t", "R", "-o", "%F_%K %N")
        return dict(line.split() for line in said.splitlines())

    def output(self, name="run"):
        return self.folder / "d" / name / "run.h5"

    def step(self, name="run"):
        return run_status(self.output(name)).step if self.output(name).exists() else 0

    def until_begun(self, *names):
        self.slurm.until(lambda: all(self.step(name) > 0 for name in names), 120)

    def until_gone(self, seconds=300):
        return self.slurm.until(lambda: not self.slurm.said("squeue", "-h", "-r"), seconds)

    def run_here(self) -> Path:
        """Run the same in this process; return its folder."""
        folder = SweepFolder.made(self.folder / "local", Sweep.from_toml(self.folder / "s.toml"))
        runs = list(folder.by_name)
        assert run_bundle(folder.path, runs, job="here", stop=lambda: False, say=len) == []
        return folder.path

    def locally(self):
        """Run the same here, and return both collections."""
        self.run_here()
        for name in ("d", "local"):
            self.do("collect", name, "-o", f"{name}.h5")
        return [collected(self.folder / f"{name}.h5") for name in ("d", "local")]
