"""Every block of code on every page can be read: Python, specs, and the words of commands."""

import tomllib

import click
import pytest
from scbsim_testing.pages import (
    PAGES,
    ROOT,
    blocks_of,
    commands_of,
    named,
    program_of,
    words_of,
)

import scbsim
from scbsim.cli.main import cli
from scbsim.errors import SpecError

TEXTS = {name: path.read_text() for name, path in [*PAGES.items(), ("README", ROOT / "README.md")]}


def parse(words):
    """Let click read the words of a command, without running it."""
    command = cli.get_command(None, words[0])
    assert command is not None, f"there is no command {words[0]}"
    command.make_context(words[0], words[1:])


def tables(text):
    """Return a spec from a part of one: a size and a stage are added where there is none."""
    found = tomllib.loads(text)
    found.pop("sweep", None)
    if not {"data", "task"} & found.keys():
        found["task"] = {"N": 10, "T": 50, "Q": 2}
    if "from" in found.get("data", {}):
        found.setdefault("dynamics", {}).update(engine="batch", rule="sgd")
    if "stage" not in found:
        found["stage"] = [{"steps": 1}]
    return found


@pytest.mark.parametrize("page", TEXTS)
def test_commands_are_read_by_click(page):
    for block in blocks_of(TEXTS[page]):
        if block.kind != "shell":
            continue
        for line in commands_of(block):
            # Variables of a shell stand for options.
            if line.startswith("scbsim ") and "$" not in line:
                try:
                    parse(words_of(line))
                except click.ClickException as error:
                    pytest.fail(f"{page}.md, from line {block.line}: {line}\n{error.message}")


@pytest.mark.parametrize("page", TEXTS)
def test_blocks_of_python_and_toml_are_valid(page, tmp_path):
    (tmp_path / "my_rules.py").write_text((ROOT / "docs/examples/my_rules.py").read_text())
    own = "def mass(state):\n    return 1.0\n\n\nother = mass\n"
    (tmp_path / "mine.py").write_text(own)
    for block in blocks_of(TEXTS[page]):
        if block.kind == "python":
            compile(block.text, f"{page}.md", "exec")
        elif block.kind == "toml" and (named(block) or "").removesuffix(".toml") != "sweep":
            scbsim.RunSpec.from_dict(tables(block.text), base_dir=tmp_path)


def test_a_wrong_option_a_wrong_key_and_a_wrong_line_are_seen():
    with pytest.raises(click.ClickException, match="No such option"):
        parse(["run", "my.toml", "-o", "run.h5", "--resumed"])
    with pytest.raises(SpecError, match="rate_B"):
        scbsim.RunSpec.from_dict(tables("[[stage]]\nsteps = 1\nrate_B = 0.1\n"))
    page = "Words.\n\n    scbsim run a.toml \\\n      -o b.h5  # remark\n\n```python\nx = 1\n```\n"
    shell, python = blocks_of(page)
    assert commands_of(shell) == ["scbsim run a.toml -o b.h5"]
    assert (python.kind, python.text) == ("python", "x = 1\n")
    assert "command('scbsim run a.toml -o b.h5')\nx = 1" in program_of(page)


def test_most_commands_are_read():
    count = sum(
        line.startswith("scbsim ")
        for text in TEXTS.values()
        for block in blocks_of(text)
        if block.kind == "shell"
        for line in commands_of(block)
    )
    assert count > 80
