import pytest
from click.testing import CliRunner

from scbsim.cli.main import cli


@pytest.fixture
def scbsim_command():
    """Run a command; returns its outcome."""

    def run(*words):
        return CliRunner().invoke(cli, [str(word) for word in words])

    return run
