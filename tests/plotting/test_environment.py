"""Plots do not depend on the matplotlib settings of the process, and do not change them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from scbsim_testing import HERE

import scbsim

PICTURES = 18  # two of each command, and one of each plot


def drawn(folder, *words, **environment):
    given = os.environ | {"PYTHONPATH": str(HERE.parent), **environment}
    line = [sys.executable, str(HERE / "every_picture.py"), *words]
    done = subprocess.run(line, capture_output=True, text=True, cwd=folder, env=given, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.slow
def test_pyplot_is_never_imported_whatever_the_backend(tmp_path):
    (tmp_path / "matplotlibrc").write_text("backend: nonsense\ntext.usetex: True\nfont.size: 30\n")
    said = drawn(tmp_path, MPLBACKEND="module://matplotlib_inline.no_such_backend")
    assert said == {"failed": [], "pyplot": False, "pictures": PICTURES}


@pytest.mark.slow
def test_a_users_figures_and_settings_stay(tmp_path):
    said = drawn(tmp_path, "with_user")
    assert (said["failed"], said["pictures"]) == ([], PICTURES)
    assert (said["figures"], said["changed"]) == ([1], [])


DRAW = """
import os, sys
from scbsim.plotting.style import new_figure, save, styled
from pathlib import Path
with styled():
    figure = new_figure(1, 1)
    figure.subplots().plot([1, 2], label="x")
save(figure, Path("x.png"))
assert "matplotlib.pyplot" not in sys.modules
import matplotlib
print(os.environ.get("MPLBACKEND"), dict.__getitem__(matplotlib.rcParams, "backend"))
"""


@pytest.mark.parametrize(
    ("backend", "kept"),
    [("nonsense", False), ("module://matplotlib_inline.backend_inline", None), ("svg", True)],
)
def test_one_picture(tmp_path, backend, kept):
    """An installed backend named by MPLBACKEND is still used to show figures."""
    line, given = [sys.executable, "-c", DRAW], os.environ | {"MPLBACKEND": backend}
    done = subprocess.run(
        line, capture_output=True, text=True, cwd=tmp_path, env=given, check=False
    )
    assert done.returncode == 0, done.stderr
    variable, chosen = done.stdout.split(maxsplit=1)
    assert variable == backend
    assert (tmp_path / "x.png").exists()
    if kept is not None:
        assert (chosen.strip() == backend) is kept


def test_no_module_imports_pyplot():
    package = Path(scbsim.__file__).parent
    sources = [*package.rglob("*.py"), *(package / "cli").rglob("*.py")]
    assert len(sources) > 100
    lines = [line for path in sources for line in path.read_text().splitlines()]
    assert [line for line in lines if "import" in line and "pyplot" in line] == []
