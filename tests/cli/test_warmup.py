import pytest


@pytest.fixture
def kernels(monkeypatch):
    def warmup(report=None):
        report("sparse", ["observe", "advance_sparse"], 1.25)
        report("dense", [], 0.02)

    monkeypatch.setattr("scbsim.warmup.warmup", warmup)


def test_reports_each_kernel(scbsim, kernels):
    first, second, last = scbsim("warmup").stdout.splitlines()
    assert first == "   1.25 s  sparse: observe, advance_sparse"
    assert second == "   0.02 s  dense: compiled before"
    assert "later runs start at once" in last


def test_quiet(scbsim, kernels):
    result = scbsim("warmup", "-q")
    assert (result.exit_code, result.output) == (0, "")
