import pytest
from scbsim_testing.kill_runs import memory  # noqa: F401
from scbsim_testing.killing import KillServer
from scbsim_testing.small_runs import run_spec

from scbsim import simulate

STAGES = [{"steps": 12, "rule": "sgd", "until_signal": 0.105, "normalize_level": 0.1}, {"steps": 9}]


@pytest.fixture(scope="session")
def spec():
    """Two stages, the first of which ends on its signal."""
    return run_spec(stages=STAGES)


@pytest.fixture(scope="session")
def done(spec, tmp_path_factory):
    """A finished run of it; tests that write take a copy."""
    path = tmp_path_factory.mktemp("done") / "run.h5"
    simulate(spec, output=path)
    return path


@pytest.fixture
def copy(done, tmp_path):
    path = tmp_path / "copy.h5"
    path.write_bytes(done.read_bytes())
    return path


@pytest.fixture
def flush_always(monkeypatch):
    """Every block is committed."""
    monkeypatch.setattr("scbsim.storage.runfile.row_writer._FLUSH_SECONDS", -1.0)


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    """The warm process of runs that are killed."""
    server = KillServer(tmp_path_factory.mktemp("server"))
    yield server
    server.close()
