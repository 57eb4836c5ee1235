import pytest
from scbsim_testing.needs import needed


@pytest.fixture(autouse=True)
def drawing():
    needed("bokeh")


def test_a_page_and_its_size(scbsim, done, tmp_path):
    page = tmp_path / "new folder" / "run.html"
    result = scbsim("report", done, "-o", page, "--only", "loss")
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith(f"{page} (1.")
    assert result.stdout.endswith(" MB)\n")
    assert page.stat().st_size < 2e6


def test_what_is_wrong_is_status_2(scbsim, fails, done, tmp_path):
    page = tmp_path / "run.html"
    assert "none.h5" in fails(scbsim("report", tmp_path / "none.h5", "-o", page), 2)
    assert '"los" is not' in fails(scbsim("report", done, "-o", page, "--only", "los"), 2)
    assert ".html" in fails(scbsim("report", done, "-o", tmp_path / "x.png"), 2)
    assert list(tmp_path.iterdir()) == []
