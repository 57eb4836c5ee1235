"""The run that is killed at its calls, uninterrupted, and its kin."""

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from scbsim_testing.killing import Victim
from scbsim_testing.recording import WHOLE

SPEC = {
    "seed": 5,
    "task": {"N": 5, "T": 40, "Q": 2, "P_concentration": 0.1},
    "dynamics": {"engine": "dense", "batch_size": 1e5, "rule": "prox"},
    "init": {"alpha_A": 0.1, "alpha_V": 0.1},
    "stage": [{"steps": 7, "normalize_level": 0.1}, {"steps": 8}],
    "output": {"every": 2, "snapshot_every": 5, "final_state": True, "checkpoint_seconds": 0},
}


class Whole:
    """A run that nothing interrupted, and the calls it made."""

    def __init__(self, server, folder, spec):
        self.spec, self.path = spec, folder / "whole" / "run.h5"
        self._server, self._folder = server, folder
        folder.mkdir(exist_ok=True)
        run = Victim(server, self.path.parent, spec, self.path)
        self.recording = run.recorded()
        run.check_finished()
        self.calls = [str(call) for call in self.recording.calls]

    def victim(self, name="victim", spec=None):
        return Victim(self._server, self._folder / name, spec or self.spec, self.path)

    def killed(self, fatal, torn=WHOLE):
        """Return a run that was killed at a call."""
        return self.victim().killed(self.recording, fatal, torn)


def changed(**tables):
    return {**SPEC, **{name: {**SPEC[name], **table} for name, table in tables.items()}}


@pytest.fixture(scope="module")
def memory(tmp_path_factory):
    """A folder in memory, where there is one: many kills on a disk wait for it most of the time."""
    shared = Path("/dev/shm")
    with TemporaryDirectory(
        dir=shared if shared.is_dir() else tmp_path_factory.getbasetemp()
    ) as folder:
        yield Path(folder)
