import os

import pytest
from own_slurm import OwnSlurm, why_not


@pytest.fixture(scope="session")
def slurm(tmp_path_factory):
    """A Slurm of two nodes. It takes ports and minutes, so only where it is asked for."""
    if os.environ.get("SCBSIM_TEST_SLURM") != "1":
        pytest.skip("SCBSIM_TEST_SLURM=1 has these tests start a Slurm of their own")
    if reason := why_not():
        pytest.fail(reason)
    # Arrays of at most 40 tasks, so that those of a sweep are split.
    running = OwnSlurm(tmp_path_factory.mktemp("slurm"), max_array_size=40)
    try:
        yield running
    finally:
        running.stop()
