import tempfile
from pathlib import Path

import pytest
from scbsim_testing import HERE
from scbsim_testing.needs import lacking
from scbsim_testing.own_slurm import OwnSlurm, why_not
from scbsim_testing.submitted import Submitted


@pytest.fixture(scope="session")
def slurm():
    """A Slurm of two nodes, of these tests alone."""
    if reason := why_not():
        lacking(reason)
    # Its sockets are files, whose paths have to be short.
    with tempfile.TemporaryDirectory(prefix="slurm-", ignore_cleanup_errors=True) as folder:
        # Arrays of at most 8 tasks, so that those of a sweep are split.
        running = OwnSlurm(Path(folder), max_array_size=8)
        try:
            yield running
        finally:
            running.stop()


@pytest.fixture
def submitted(slurm, tmp_path, monkeypatch):
    """Submits a sweep, in a folder of the test unless another is given; jobs are slow."""
    monkeypatch.setenv("PYTHONPATH", f"{HERE / 'slowly'}:{HERE.parent}")

    def submit(text, *words, folder=tmp_path):
        return Submitted(slurm, folder, text, *words)

    yield submit
    slurm.said("scancel", "--user=root")
    slurm.until(lambda: not slurm.said("squeue", "-h"), 120)
    for node, state in zip(("n1", "n2"), slurm.node_states(), strict=True):
        if "down" in state:
            slurm.start_node(node)
