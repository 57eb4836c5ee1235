import errno
import subprocess
import sys

import pytest

import scbsim as package
from scbsim import presets

COMMANDS = [
    "run",
    "estimate",
    "figure",
    "transfer",
    "phase",
    "boundary",
    "compare",
    "sweep",
    "submit",
    "status",
]
COMMANDS += [
    "resubmit",
    "cancel",
    "collect",
    "info",
    "plot",
    "report",
    "watch",
    "presets",
    "keys",
    "sample",
    "verify",
    "warmup",
    "benchmark",
]


def test_help_lists_the_commands_in_order(scbsim):
    result = scbsim("-h")
    assert result.exit_code == 0
    listed = result.stdout.split("Commands:")[1].split("Exit status")[0]
    assert [line.split()[0] for line in listed.splitlines() if line.strip()] == COMMANDS
    assert scbsim("--help").stdout == result.stdout


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_of_its_own(scbsim, command):
    result = scbsim(command, "-h")
    assert result.exit_code == 0
    assert result.stdout.startswith(f"Usage: scbsim {command}")
    assert "--debug" in result.stdout


def test_version(scbsim):
    assert scbsim("--version").stdout == f"scbsim {package.__version__}\n"


@pytest.mark.parametrize(
    "words", [["nothing"], ["sweep"], ["--nothing"], ["run"], ["run", "x.toml"], ["plot"]]
)
def test_wrong_words_are_status_2(scbsim, fails, words):
    assert "Usage: scbsim" in fails(scbsim(*words), 2)


def test_module_is_the_command(process):
    result = process("--version")
    assert (result.returncode, result.stdout) == (0, f"scbsim {package.__version__}\n")


def raising(error):
    def names():
        raise error

    return names


def test_a_bug_is_one_line_and_status_1(scbsim, fails, monkeypatch):
    monkeypatch.setattr(presets, "names", raising(ZeroDivisionError("1 / 0\nin full")))
    said = fails(scbsim("presets"), 1)
    assert said == "internal error: ZeroDivisionError: 1 / 0 in full; run again with --debug\n"


@pytest.mark.parametrize("words", [["--debug", "presets"], ["presets", "--debug"]])
def test_debug_shows_the_traceback_and_keeps_the_status(scbsim, monkeypatch, words):
    monkeypatch.setattr(presets, "names", raising(package.errors.InputError("wrong")))
    result = scbsim(*words)
    assert result.exit_code == 2
    assert "Traceback" in result.stderr
    assert result.stderr.endswith("Error: wrong\n")


@pytest.mark.parametrize(
    ("number", "status"), [(errno.ENOSPC, 1), (errno.EACCES, 2), (errno.ENOENT, 2)]
)
def test_what_the_system_refuses_is_said_with_the_path(scbsim, fails, monkeypatch, number, status):
    monkeypatch.setattr(presets, "names", raising(OSError(number, "no way", "some/file")))
    assert fails(scbsim("presets"), status) == "Error: some/file: no way\n"


def test_an_interrupt_is_status_75(scbsim, fails, monkeypatch):
    monkeypatch.setattr(presets, "names", raising(KeyboardInterrupt()))
    assert fails(scbsim("presets"), 75) == "stopped on a signal\n"


@pytest.mark.slow
def test_a_warning_is_one_line_without_the_source(process, tmp_path):
    words = ["--set", "task.P_concentration=50", "--set", "task.N=6", "--set", "task.T=60"]
    words += ["--set", "stage.0.steps=1", "-q"]
    result = process("run", "quickstart", "-o", tmp_path / "dull.h5", *words)
    assert result.returncode == 0, result.stderr
    assert result.stderr.startswith("Warning: ")
    assert len(result.stderr.splitlines()) == 1
    assert ".py" not in result.stderr


@pytest.mark.slow
@pytest.mark.parametrize("words", ["presets", "info {done}", "info {done} --json"])
def test_a_reader_that_has_gone_is_no_error_of_ours(words, done):
    line = [sys.executable, "-m", "scbsim", *words.format(done=done).split()]
    writing = subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    writing.stdout.close()
    assert (writing.wait(timeout=120), writing.stderr.read()) == (0, b"")
