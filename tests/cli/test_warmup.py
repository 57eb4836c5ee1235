import pytest

from scbsim.kernels.compile.events import Compiling
from scbsim.run.warmup import RUNS


@pytest.fixture
def kernels(monkeypatch):
    def warmup(report=None, tell=None):
        needed = ("observe", "advance_sparse", "normalize_columns")
        tell("sparse", Compiling("advance_sparse"), needed)
        tell("sparse", Compiling("advance_sparse", 7), needed)
        tell("sparse", Compiling("normalize_columns", waits=True), needed)
        report("sparse", ["observe", "advance_sparse"], 1.25)
        report("dense", [], 0.02)

    monkeypatch.setattr("scbsim.run.warmup.warmup", warmup)


def test_reports_each_kernel(scbsim, kernels):
    result = scbsim("warmup")
    first, second, last = result.stdout.splitlines()
    assert first == "   1.25 s  sparse: observe, advance_sparse"
    assert second == "   0.02 s  dense: compiled before"
    assert "later runs start at once" in last
    # As they begin, each once.
    at = f"{1 + list(RUNS).index('sparse')} of {len(RUNS)}, sparse"
    assert result.stderr.splitlines() == [
        f"{at}: compiling advance_sparse (2 of 3)",
        f"{at}: waiting for another process that compiles normalize_columns (3 of 3)",
    ]


def test_quiet(scbsim, kernels):
    result = scbsim("warmup", "-q")
    assert (result.exit_code, result.output) == (0, "")
