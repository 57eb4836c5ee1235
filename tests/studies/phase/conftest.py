import pytest
from scbsim_testing.diagrams import made_up  # noqa: F401

from scbsim.spec import RunSpec

TABLES = {
    "seed": 3,
    "task": {"N": 8, "T": 100, "Q": 2, "P_concentration": 0.05, "seed": 1},
    "dynamics": {"batch_size": 1e5, "rule": "prox"},
    "stage": [{"steps": 60, "threshold_sigmas": "auto"}],
}
X, Y = "task.T=100,1000,10000", "dynamics.batch_size=1e2:1e8:4log"


@pytest.fixture(scope="session")
def spec():
    return RunSpec.from_dict(TABLES)


@pytest.fixture(scope="session")
def spec_path(spec, tmp_path_factory):
    path = tmp_path_factory.mktemp("spec") / "small.toml"
    path.write_text(spec.to_toml())
    return path


@pytest.fixture(scope="session")
def axes():
    return X, Y


@pytest.fixture(scope="session")
def whole(spec):
    """The diagram that the other tests must reproduce."""
    from scbsim import phase_diagram

    return phase_diagram(spec, X, Y, replicas=5, threads=1)
