import os

import pytest
from own_slurm import OwnSlurm, why_not


@pytest.fixture(scope="session")
def slurm(tmp_path_factory):
    """A Slurm of two nodes; skipped where none can be, which in CI is a failure."""
    reason = why_not()
    if reason and os.environ.get("CI") == "true":
        pytest.fail(reason)
    if reason:
        pytest.skip(reason)
    # Arrays of at most 40 tasks, so that those of a sweep are split.
    running = OwnSlurm(tmp_path_factory.mktemp("slurm"), max_array_size=40)
    try:
        yield running
    finally:
        running.stop()
