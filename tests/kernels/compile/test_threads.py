"""Threads that are asked for, by an argument or by the environment."""

import os
import subprocess
import sys

import pytest

from scbsim.errors import InputError
from scbsim.kernels.compile.threads import most_threads, require_sound_environment

NAME = "NUMBA_NUM_THREADS"


@pytest.mark.parametrize("value", ["0", "-1", "abc", "1.5", "²", "1e3"])
def test_a_number_that_cannot_be_is_refused(value, monkeypatch):
    monkeypatch.setenv(NAME, value)
    with pytest.raises(InputError, match=NAME):
        require_sound_environment()


def test_an_empty_one_is_none(monkeypatch):
    monkeypatch.setenv(NAME, " ")
    require_sound_environment()
    assert NAME not in os.environ


@pytest.mark.parametrize("value", ["1", " 2 "])
def test_a_number_that_can_be_is_not(value, monkeypatch):
    monkeypatch.setenv(NAME, value)
    require_sound_environment()
    assert os.environ[NAME] == value


def test_the_most_there_are():
    assert 1 == most_threads(1) <= most_threads()
    for asked in (0, -1, most_threads() + 1):
        with pytest.raises(InputError, match=f"threads: {asked} asked for"):
            most_threads(asked)


@pytest.mark.parametrize("value", ["0", "abc"])
def test_the_command_line_says_so(value, tmp_path):
    line = [sys.executable, "-m", "scbsim", "run", "quickstart", "-o", tmp_path / "run.h5"]
    done = subprocess.run(
        line, env={**os.environ, NAME: value}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert (
        done.stderr == f"Error: the environment variable {NAME} is {value!r}; it takes 1 or more\n"
    )
