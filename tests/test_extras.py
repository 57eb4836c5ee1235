"""What is installed by an extra is asked for only where it is needed, and named there."""

import ast
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from test_package import ROOT, SOURCES

EXTRAS = ("submitit", "mpi4py", "bokeh")

# Every command is imported, and shows its help, where the extras are not.
ALL_COMMANDS = """
import sys
from click.testing import CliRunner
sys.modules |= dict.fromkeys({extras!r})
from scbsim.cli.main import cli
for name in cli.list_commands(None):
    ended = CliRunner().invoke(cli, [name, "--help"])
    assert ended.exit_code == 0, (name, ended.output)
print(len(cli.list_commands(None)))
"""


def test_every_command_can_be_asked_for_help_without_the_extras():
    line = [sys.executable, "-c", ALL_COMMANDS.format(extras=EXTRAS)]
    ended = subprocess.run(line, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    assert int(ended.stdout) > 10


def test_no_module_imports_an_extra_at_its_top():
    wrong = []
    for module, path in SOURCES.items():
        for node in ast.parse(path.read_text()).body:
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            wrong += [module for name in names if name.partition(".")[0] in EXTRAS]
    assert wrong == []


def install_lines():
    paths = [*ROOT.glob("docs/*.md"), ROOT / "CONTRIBUTING.md", ROOT / "bench" / "README.md"]
    for path in [*paths, *SOURCES.values()]:
        for line in path.read_text().splitlines():
            if "pip install" in line:
                yield pytest.param(line, id=f"{path.name}: {line.strip()[:40]}")


@pytest.mark.parametrize("line", list(install_lines()))
def test_lines_that_install_work_from_a_checkout(line):
    """The package is on no registry, so nothing is installed by its name."""
    assert "scbsim[" not in line
    assert "install scbsim" not in line
    named = line.partition(".[")[2].partition("]")[0]
    known = tomllib.loads(Path(ROOT, "pyproject.toml").read_text())["project"]
    wanted = [] if "{" in named or not named else named.split(",")
    assert set(wanted) <= known["optional-dependencies"].keys()
