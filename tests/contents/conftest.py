import pytest
from click.testing import CliRunner
from scbsim_testing.every_file import made_others, made_runs

from scbsim.cli.main import cli


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("files")


@pytest.fixture(scope="session")
def files(folder):
    """A file of every kind, by its name."""
    found = made_runs(folder) | made_others(folder)
    return found | {"checkpoint": folder / "stopped.h5.ckpt"}


@pytest.fixture
def info():
    """Run ``scbsim info``."""
    return lambda *words: CliRunner().invoke(cli, ["info", *map(str, words)])
