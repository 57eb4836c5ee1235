"""Slurm's commands, of which a file has the queue: jobs are taken, and never run."""

from __future__ import annotations

import json
import sys
from pathlib import Path

PROGRAM = """\
#!{python}
import fcntl, json, re, sys
state = open("{queue}", "r+")
fcntl.flock(state, fcntl.LOCK_EX)
jobs = json.load(state)


def keep():
    state.seek(0)
    state.truncate()
    json.dump(jobs, state)


name = "{command}"
if name == "sbatch":
    text = open(sys.argv[-1]).read()
    array = re.search(r"--array=0-(\\d+)", text)
    id = str(1000 + len(jobs))
    called = re.search(r"--job-name=(\\S+)", text)[1]
    jobs[id] = dict(name=called, tasks=int(array[1]) + 1 if array else 1, text=text, gone=False)
    keep()
    print("Submitted batch job " + id)
elif name == "squeue":
    [called] = [word.partition("=")[2] for word in sys.argv if word.startswith("--name=")]
    for id, job in jobs.items():
        if job["name"] == called and not job["gone"]:
            for index in range(job["tasks"]):
                print(f"{{id}}|{{index}}|PENDING|(Priority)")
elif name == "scancel":
    for id in sys.argv[1:]:
        jobs[id]["gone"] = True
    keep()
elif name == "scontrol":
    print("MaxArraySize            = 1001")
"""


class FakeSlurm:
    """Commands in a folder that is to stand first on PATH."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "bin"
        self.folder.mkdir()
        self._queue = folder / "queue.json"
        self._queue.write_text("{}")
        for command in ("sbatch", "squeue", "scancel", "scontrol"):
            path = self.folder / command
            path.write_text(
                PROGRAM.format(python=sys.executable, queue=self._queue, command=command)
            )
            path.chmod(0o755)

    @property
    def jobs(self) -> dict[str, dict[str, object]]:
        """What was submitted, by the names that it got."""
        found: dict[str, dict[str, object]] = json.loads(self._queue.read_text())
        return found

    def tasks(self) -> int:
        """Return how many tasks are in the queue."""
        return sum(int(str(job["tasks"])) for job in self.jobs.values() if not job["gone"])

    def names(self) -> set[str]:
        """Return the names of the jobs in the queue."""
        return {str(job["name"]) for job in self.jobs.values() if not job["gone"]}
