"""What the shell completes, by the protocol of each shell and in bash itself."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from scbsim import presets
from scbsim.cli.completion_words import WORDS
from scbsim.observables import NAMES
from scbsim.spec.keys import TABLES, keys_of
from scbsim.spec.own_rules import rule_name  # noqa: F401  (rules are known once it is imported)
from scbsim.spec.rules import RULES

HEAVY = ("numba", "numpy", "pydantic", "h5py", "xarray", "matplotlib", "rich", "scipy")


def completed(folder, *words, shell="bash"):
    """The lines that a shell gets for the last of these words; those of `type,value`."""
    line = "\n".join(words) if shell != "fish" else " ".join(words)
    at = words[-1] if shell == "fish" else str(len(words) - 1)
    env = {
        **os.environ,
        "COMP_WORDS": line,
        "COMP_CWORD": at,
        "_SCBSIM_COMPLETE": f"{shell}_complete",
    }
    command = [sys.executable, "-P", "-m", "scbsim"]
    ended = subprocess.run(command, env=env, cwd=folder, capture_output=True, text=True, check=True)
    return ended.stdout.splitlines()


def values(folder, *words):
    return [line.partition(",")[2] for line in completed(folder, *words)]


def test_the_words_are_those_of_the_models():
    keys = {key.dotted: key for table in TABLES for key in keys_of(table)}
    assert list(WORDS) == list(keys)
    for name, words in WORDS.items():
        takes = keys[name].takes.partition(", or FILE.py")[0]
        listed = takes.split(", ") if all(word.isidentifier() for word in takes.split(", ")) else []
        # "schedule" and such are described, and not listed.
        if words:
            assert list(words) == listed, name
        else:
            assert len(listed) < 2, name
    assert WORDS["dynamics.rule"] == tuple(RULES)


def test_specs_and_presets(tmp_path):
    (tmp_path / "query.toml").touch()
    (tmp_path / "q with spaces.toml").touch()
    assert completed(tmp_path, "scbsim", "run", "q") == ["plain,query.toml", "plain,quickstart"]
    assert completed(tmp_path, "scbsim", "run", "folder/q") == ["file,folder/q"]
    assert values(tmp_path, "scbsim", "presets", "") == presets.names()
    assert completed(tmp_path, "scbsim", "info", "ru") == ["file,ru"]
    assert values(tmp_path, "scbsim", "figure", "") == ["1", "2", "3", "4", "5"]
    assert values(tmp_path, "scbsim", "figure", "5", "--engine", "col") == ["collapsed", "columns"]


def test_observables_and_keys(tmp_path):
    only = ("scbsim", "plot", "a.h5", "--only")
    assert values(tmp_path, *only, "delta") == ["delta_A", "delta_V"]
    assert values(tmp_path, *only, "") == [*NAMES, "batch_loss"]
    assert values(tmp_path, "scbsim", "keys", "thr") == ["threshold", "threshold_sigmas"]
    assert completed(tmp_path, "scbsim", "phase", "a.toml", "--x", "task.T") == ["key,task.T="]


@pytest.mark.parametrize("before", [("--set",), ("--set", "=")])
def test_keys_and_values_as_bash_splits_them(tmp_path, before):
    begin = ("scbsim", "run", "a.toml", *before)
    assert completed(tmp_path, *begin, "dynamics.en") == ["key,dynamics.engine="]
    assert values(tmp_path, *begin, "stage.3.thr") == [
        "stage.3.threshold=",
        "stage.3.threshold_sigmas=",
    ]
    assert values(tmp_path, *begin, "stage.1.rule", "=", "h") == ["hard"]
    assert values(tmp_path, *begin, "dynamics.precision", "=") == ["float32", "float64"]
    assert completed(tmp_path, *begin, "task.N", "=") == [""]


def test_a_value_and_then_another_option(tmp_path):
    begin = ("scbsim", "run", "a.toml", "--set", "dynamics.rule", "=", "sgd")
    assert values(tmp_path, *begin, "--set", "noise.model", "=", "ma") == ["matched"]
    assert "--resume" in values(tmp_path, *begin, "--re")


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_the_other_shells_have_whole_words(tmp_path, shell):
    found = completed(
        tmp_path, "scbsim", "run", "a.toml", "--set", "dynamics.engine=de", shell=shell
    )
    text = ",".join(found)
    assert "dynamics.engine=dense" in text
    keys = ",".join(completed(tmp_path, "scbsim", "run", "--set", "dynamics.en", shell=shell))
    assert ("key" in keys) == (shell == "zsh")
    assert "dynamics.engine=" in keys


def test_nothing_large_is_imported(tmp_path):
    text = (
        "import sys\nfrom scbsim.cli.entry import main\n"
        "try: main()\nexcept SystemExit: pass\n"
        f"print([name for name in {HEAVY} if name in sys.modules])"
    )
    for words in ("scbsim run --set dyn", "scbsim presets ", "scbsim plot --only d", "scbsim r"):
        cword = str(len(words.split(" ")) - 1)
        env = {**os.environ, "COMP_WORDS": words, "COMP_CWORD": cword}
        env["_SCBSIM_COMPLETE"] = "bash_complete"
        run = [sys.executable, "-P", "-c", text]
        ended = subprocess.run(
            run, env=env, cwd=tmp_path, capture_output=True, text=True, check=True
        )
        *found, imported = ended.stdout.splitlines()
        assert found, words
        assert imported == "[]", words


BASH = """
eval "$(_SCBSIM_COMPLETE=bash_source scbsim)"
compopt() { options+=("$1 $2"); }
complete_at() {
    COMP_WORDS=("${@:2}"); COMP_CWORD=$1; COMPREPLY=(); options=()
    _scbsim_completion scbsim
    echo "${COMPREPLY[*]} ${options[*]}"
}
complete -p scbsim
complete_at 4 scbsim run a.toml --set dynamics.en
complete_at 6 scbsim run a.toml --set dynamics.engine = de
complete_at 2 scbsim info a
"""


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
def test_in_bash(tmp_path):
    command = tmp_path / "scbsim"
    command.write_text(f'#!/bin/sh\nexec {sys.executable} -P -m scbsim "$@"\n')
    command.chmod(0o755)
    env = {**os.environ, "PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}"}
    ended = subprocess.run(
        [shutil.which("bash"), "-c", BASH], env=env, cwd=tmp_path, capture_output=True, text=True
    )
    assert ended.stderr == ""
    assert ended.stdout.splitlines() == [
        "complete -o nosort -F _scbsim_completion scbsim",
        "dynamics.engine= -o nospace",
        "dense ",
        " -o default",
    ]


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_the_script_of_the_other_shells(shell, tmp_path):
    env = {**os.environ, "_SCBSIM_COMPLETE": f"{shell}_source"}
    command = [sys.executable, "-P", "-m", "scbsim"]
    ended = subprocess.run(command, env=env, capture_output=True, text=True, check=True)
    assert "scbsim" in ended.stdout
    assert ("-S ''" in ended.stdout) == (shell == "zsh")
    program = shutil.which(shell)
    if program is not None:
        script = Path(tmp_path, "script")
        script.write_text(ended.stdout)
        subprocess.run([program, "-n", str(script)], check=True)
