"""The notebooks run from top to bottom, and show progress as a display that is redrawn."""

import os
import re
from pathlib import Path

import pytest
from scbsim_testing.needs import needed
from scbsim_testing.pages import DOCS

NOTEBOOKS = sorted((DOCS / "notebooks").glob("*.ipynb"))


def executed(path, folder):
    """Run a notebook, or read it as the site's build, which runs the same cells, has left it."""
    read = needed("nbformat").read
    notebook = read(path, as_version=4)
    assert all(not cell.outputs for cell in notebook.cells if cell.cell_type == "code")
    if built := os.environ.get("SCBSIM_NOTEBOOKS"):
        found = read(Path(built) / path.name, as_version=4)
        assert [cell.source for cell in found.cells] == [cell.source for cell in notebook.cells]
        return found
    client = needed("nbclient").NotebookClient
    needed("ipykernel")
    place = {"metadata": {"path": folder}}
    client(notebook, timeout=240, kernel_name="python3", resources=place).execute()
    return notebook


@pytest.mark.slow
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs(path, tmp_path):
    notebook = executed(path, tmp_path)
    outputs = [
        output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs
    ]
    # Progress is a display, and nothing is written to stderr.
    assert [output for output in outputs if output.get("name") == "stderr"] == []
    shown = [output.data.get("text/html", "") for output in outputs if "data" in output]
    bars = [text for text in shown if "<progress" in text]
    assert bars
    assert all("complete" in text for text in bars)
    for text in bars:
        done, total = re.search(r'value="(\d+)" max="(\d+)"', text).groups()
        assert done == total
    assert any("image/png" in output.data for output in outputs if "data" in output)
