"""docs/tasks.md: the script, and that it is the page's own."""

import runpy
from pathlib import Path

import numpy as np

import scbsim

DOCS = Path(__file__).parents[2] / "docs"


def test_the_example(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    made = runpy.run_path(str(DOCS / "examples" / "own_task.py"))
    there = scbsim.Task.load("my_task.h5")
    np.testing.assert_allclose(there.P @ there.mu, there.mu, atol=1e-12)
    np.testing.assert_allclose(there.P, made["P"], atol=1e-9)
    at = np.take_along_axis(made["Q"].T, there.q_positions, axis=1)
    np.testing.assert_allclose(at, there.q_weights)
    assert made["run"]["sim_A"].values[-1] > 0.9
    assert "cos(A, Q)" in capsys.readouterr().out
    page = (DOCS / "tasks.md").read_text()
    script = (DOCS / "examples" / "own_task.py").read_text()
    assert script[script.index("N, T =") : script.index("\nrun =")] in page
