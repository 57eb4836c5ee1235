"""Arguments in messages, as options for a shell and as Python's for Python."""

import ast
import re
from pathlib import Path

import pytest
from click.testing import CliRunner
from scbsim_testing.small_runs import run_spec

import scbsim
from scbsim.cli.main import cli
from scbsim.errors import OutputError
from scbsim.util.arguments import as_options, given, switch


def test_names():
    assert (switch("resume"), given("only"), given("output")) == (
        "resume=True",
        "only=...",
        "output=...",
    )
    with as_options():
        assert (switch("resume"), given("only"), given("output")) == ("--resume", "--only", "-o")
    assert switch("resume") == "resume=True"


def test_one_message_in_python_and_in_a_shell(tmp_path):
    path = tmp_path / "run.h5"
    path.touch()
    with pytest.raises(OutputError) as caught:
        scbsim.simulate(run_spec(), output=path)
    said = f"{path} exists: give another path, {{}} to continue its run, or {{}} to replace it"
    assert str(caught.value) == said.format("resume=True", "overwrite=True")
    ended = CliRunner().invoke(cli, ["run", "quickstart", "-o", str(path)])
    assert said.format("--resume", "--overwrite") in ended.stderr


OPTION = re.compile(r"(?<![\w`-])--(resume|overwrite|partial|link|only)\b")
ROOMS = ("contents", "plotting", "report", "run", "storage", "sweep")
EXCEPT = {
    "made_by.py": "a command",
    "page.py": "a command",
    "curve_data.py": "a text of a page, beside the command that made it",
    "local.py": "a command",
}


def test_what_python_calls_raises_names_no_option():
    root = Path(scbsim.__file__).parent
    places = [path for room in ROOMS for path in (root / room).rglob("*.py")]
    assert len(places) > 50
    found = set()
    for path in places:
        for node in ast.walk(ast.parse(path.read_text())):
            text = node.value if isinstance(node, ast.Constant) else None
            if isinstance(text, str) and OPTION.search(text) and path.name not in EXCEPT:
                found.add(f"{path.name}: {text}")
    assert found == set()
