"""Messages in the width of a terminal, and commands that can be copied."""

from __future__ import annotations

import os
import pty
import re
import shlex
import subprocess
import sys
from itertools import pairwise

import pytest

from scbsim.cli.wrapping import wrapped

COMMAND = (
    "`scbsim run SPEC.toml -o 'a folder with a rather long name/and a file in it.h5' --resume`"
)
KEY = "stage.0." + "x" * 90
FAULTS = (
    f"Error: the spec has 2 faults:\n  {KEY}: unknown key; did you mean threshold_sigmas, which is "
    f"a number of standard deviations of the noise?\n  output.every: {COMMAND} goes on with it, "
    "and all of what was said before still holds for as long as there are words"
)


@pytest.mark.parametrize("width", [60, 80, 200])
def test_lines_fit_but_for_what_must_not_be_broken(width):
    lines = wrapped(FAULTS, width).split("\n")
    for line in lines:
        assert len(line) <= width or COMMAND in line or KEY in line, line
    assert " ".join(" ".join(lines).split()) == " ".join(FAULTS.split())
    assert sum(COMMAND in line for line in lines) == 1
    assert lines[0] == "Error: the spec has 2 faults:"
    # A line is as full as it can be: the next word would not fit.
    for line, after in pairwise(lines):
        if after.startswith("    "):
            first = COMMAND if after.lstrip().startswith("`") else after.split()[0]
            assert len(line) + 1 + len(first) > width
    assert all(re.match(r"(Error|  (stage|output)|    \S)", line) for line in lines)


def test_commands_and_short_lines_stay():
    command = "next: scbsim collect 'a folder of a sweep' -o ALL.h5"
    assert wrapped(command, 20) == command
    assert wrapped("as it is\n\n  indented", 20) == "as it is\n\n  indented"
    assert wrapped("one two three", 9) == "one two\nthree"
    path = "a/path/" * 5
    assert wrapped(f"Error: {path} is not there", 30) == f"Error: {path}\nis not there"


def on_terminal(words, columns, cwd):
    """What a command prints on a terminal, and its status."""
    leader, follower = pty.openpty()
    env = {**os.environ, "COLUMNS": str(columns), "TERM": "xterm"}
    command = [sys.executable, "-P", "-m", "scbsim", *words]
    process = subprocess.Popen(command, stderr=follower, stdout=follower, cwd=cwd, env=env)
    os.close(follower)
    text = b""
    try:
        while part := os.read(leader, 4096):
            text += part
    except OSError:  # at the end of a terminal
        pass
    os.close(leader)
    return text.decode().replace("\r\n", "\n"), process.wait()


WRONG = ("run", "quickstart", "-o", "a.h5", "--set", "stage.0.rate_a=0.1", "--set", "task.N=-4")


@pytest.mark.parametrize("columns", [60, 80, 200])
def test_an_error_on_a_terminal(columns, tmp_path):
    said, status = on_terminal(WRONG, columns, tmp_path)
    assert status == 2
    lines = said.rstrip("\n").split("\n")
    assert max(map(len, lines)) <= columns
    assert lines[0].startswith("Error: ")
    assert "2 faults" in " ".join(lines)
    assert all(line.startswith("  ") for line in lines if line not in lines[:2])


CLICKS = (
    ("compare", "compare", "--format", "a-format-that-is-none-of-the-three-that-can-be-drawn"),
    ("run", "quickstart", "-o", "a.h5", "--an-option-that-is-not-there-and-is-long", "x"),
    ("--an-option-of-no-command-at-all-and-long-enough", "run"),
    ("plot",),
)


@pytest.mark.parametrize("words", CLICKS, ids=lambda words: words[0])
def test_an_error_of_click_on_a_terminal(words, tmp_path):
    said, status = on_terminal(words, 60, tmp_path)
    assert status == 2
    assert max(map(len, said.splitlines())) <= 60
    assert "\nError: " in said


def test_an_error_in_a_pipe_is_not_wrapped(tmp_path):
    command = [sys.executable, "-P", "-m", "scbsim", *WRONG]
    env = {**os.environ, "COLUMNS": "40"}
    said = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True).stderr
    assert any(len(line) > 60 for line in said.splitlines())
    assert len(said.splitlines()) == 3


STOPPED = "interrupted"


@pytest.mark.parametrize("columns", ["60", "80", "200"])
def test_info_has_its_command_in_one_line(columns, tmp_path, monkeypatch, scbsim):
    from scbsim.cli import info_table

    monkeypatch.setenv("COLUMNS", columns)
    path = tmp_path / "a file of a run with spaces and a name that is long.h5"
    done = scbsim("run", "quickstart", "-o", path, "-q", "--set", "stage.0.steps=3")
    assert done.exit_code == 0, done.output
    monkeypatch.setattr(info_table, "status_text", lambda content: f"{STOPPED}: {COMMAND} resumes")
    said = scbsim("info", path).stdout
    (line,) = (line for line in said.splitlines() if "scbsim run" in line)
    assert COMMAND in line
    (words,) = re.findall("`(.*?)`", line)
    assert shlex.split(words)[4] == "a folder with a rather long name/and a file in it.h5"


def next_of(said):
    (line,) = (line for line in said.splitlines() if line.strip().startswith("next:"))
    return shlex.split(line.partition("next:")[2])


def test_what_comes_next_can_be_copied(tmp_path, scbsim):
    """With a name that a shell would split."""
    path = tmp_path / "my run's.h5"
    done = scbsim("run", "quickstart", "-o", path, "--set", "stage.0.steps=3")
    assert next_of(done.stdout) == ["scbsim", "plot", str(path)]
    sweep = tmp_path / "a sweep.toml"
    sweep.write_text(
        "[task]\nN = 5\nT = 50\nQ = 1\n[[stage]]\nsteps = 3\n[dynamics]\nrule = 'sgd'\n"
        "[sweep]\nproduct = {seed = [0, 1]}\n"
    )
    folder = tmp_path / "a folder of runs"
    done = scbsim("sweep", sweep, "-o", folder, "--jobs", "1")
    assert done.exit_code == 0, done.output
    collect = ["scbsim", "collect", str(folder), "-o", "ALL.h5"]
    assert next_of(done.stdout) == collect
    assert next_of(scbsim("status", folder).stdout) == collect
