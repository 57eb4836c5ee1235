import pytest


@pytest.fixture
def kernels(monkeypatch):
    def warmup(precisions=("float32", "float64"), report=None):
        report("dense float32", 1.25)
        return {"dense float32": 1.25}

    monkeypatch.setattr("scbsim.warmup.warmup", warmup)


def test_reports_each_kernel(scbsim, kernels):
    first, last = scbsim("warmup").stdout.splitlines()
    assert first == "   1.25 s  dense float32"
    assert "later runs start at once" in last


def test_quiet(scbsim, kernels):
    result = scbsim("warmup", "-q")
    assert (result.exit_code, result.output) == (0, "")
