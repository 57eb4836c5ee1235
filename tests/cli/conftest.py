import subprocess
import sys

import pytest
from click.testing import CliRunner

from scbsim.cli.main import cli

SMALL = """
seed = 3
[task]
N = 6
T = 60
Q = 2
P_concentration = 0.05
[dynamics]
rule = "prox"
batch_size = 1e5
[[stage]]
steps = 20
"""


@pytest.fixture(scope="session")
def scbsim():
    """Run a command line in this process; the result has exit_code, stdout and stderr."""

    def run(*words):
        return CliRunner().invoke(cli, [str(word) for word in words], prog_name="scbsim")

    return run


@pytest.fixture(scope="session")
def process():
    """Run a command line in a process of its own, in `cwd`."""

    def run(*words, **kwargs):
        line = [sys.executable, "-m", "scbsim", *map(str, words)]
        return subprocess.run(line, capture_output=True, text=True, check=False, **kwargs)

    return run


@pytest.fixture(scope="session")
def spec(tmp_path_factory):
    """A spec that runs in no time."""
    path = tmp_path_factory.mktemp("spec") / "small.toml"
    path.write_text(SMALL)
    return path


@pytest.fixture(scope="session")
def done(scbsim, spec, tmp_path_factory):
    """A finished run of it; tests that write take a copy."""
    path = tmp_path_factory.mktemp("done") / "run.h5"
    result = scbsim("run", spec, "-o", path, "-q")
    assert result.exit_code == 0, result.output
    return path


@pytest.fixture
def fails():
    """Check that a command ended in one short paragraph on stderr, and return it."""

    def check(result, status):
        assert result.exit_code == status, result.output
        assert result.stdout == ""
        assert "Traceback" not in result.stderr
        assert 1 <= len(result.stderr.strip().splitlines()) <= 8
        return result.stderr

    return check
