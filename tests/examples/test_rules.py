"""The examples of docs/extending.md do what the page says."""

from pathlib import Path

import numpy as np
import pytest

import scbsim
from scbsim.rules.loading import kernel_rule, source_of
from scbsim.spec.rules import own_name

DOCS = Path(__file__).parents[2] / "docs"
EXAMPLES = DOCS / "examples"
PAGE = (DOCS / "extending.md").read_text()


def test_the_page_shows_the_rules_of_the_example():
    text = (EXAMPLES / "my_rules.py").read_text()
    shown = PAGE.split("```python\n# my_rules.py\n")[1].split("```")[0]
    assert "def adagrad" in shown
    assert all(part.strip() in text for part in shown.split("\n\n\n"))


def test_the_rules_of_the_example_compile():
    for name in ("firm", "adagrad"):
        spec = scbsim.RunSpec.from_toml(
            EXAMPLES / "my_rule.toml", [f"dynamics.rule=my_rules.py:{name}"]
        )
        assert own_name(spec.dynamics.rule).name == name
        kernel_rule(spec.dynamics.rule)
        assert f"def {name}" in source_of(spec.dynamics.rule)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "engine"), [("firm", "sparse"), ("adagrad", "dense")])
def test_the_example_runs(name, engine, tmp_path):
    spec = scbsim.RunSpec.from_toml(
        EXAMPLES / "my_rule.toml", [f"dynamics.rule=my_rules.py:{name}", "task.T=500"]
    )
    run = scbsim.simulate(spec, output=tmp_path / "run.h5")
    assert f'"engine": "{engine}"' in run.attrs["provenance"]
    assert run.attrs["status"] == "complete"
    assert np.isfinite(run["loss"]).all()
