"""How commands end whose standard streams are closed, on a full disk, or have lost their reader."""

import os
import pty
import signal
import subprocess
import sys
from pathlib import Path
from time import monotonic, sleep

import pytest
from scbsim_testing.warm_cli import warm_cli

from scbsim.storage.description import describe

WITHIN = 120.0
LONG = ["--set", "stage.0.steps=10000000000", "--set", "output.checkpoint_seconds=1000"]
# Few rows, as such a run outlives a test that is killed, and fills the disk.
EVERY = 1000
LONG += ["--set", f"output.every={EVERY}"]


def line(*words):
    return [sys.executable, "-m", "scbsim", *map(str, words)]


def redirected(redirection, *words):
    """Run a command line with what a shell does to its streams; others are captured."""
    shell = ["sh", "-c", f'exec "$@" {redirection}', "sh", *line(*words)]
    return subprocess.run(shell, capture_output=True, text=True, check=False, timeout=WITHIN)


@pytest.mark.parametrize(
    "redirection",
    ["<&- >&- 2>&-", pytest.param(">/dev/full 2>/dev/full", marks=pytest.mark.slow)],
)
def test_a_run_is_whole_whatever_its_streams(redirection, spec, tmp_path):
    result = redirected(redirection, "run", spec, "-o", tmp_path / "run.h5")
    assert (result.returncode, result.stderr) == (0, "")
    content = describe(tmp_path / "run.h5")
    assert (content["status"], content["step"]) == ("complete", 20)


@pytest.mark.parametrize(("redirection", "said"), [("2>&-", ""), (">&-", "Error: ")])
def test_what_failed_keeps_its_status(redirection, said, tmp_path):
    result = redirected(redirection, "run", tmp_path / "none.toml", "-o", tmp_path / "run.h5")
    assert result.returncode == 2
    assert result.stderr.startswith(said)


@pytest.mark.parametrize("words", ["presets", "info {done}", "keys", "estimate quickstart"])
def test_text_that_a_full_disk_does_not_take_is_an_error(words, done):
    result = redirected(">/dev/full", *words.format(done=done).split())
    assert result.returncode == 1
    assert result.stderr == "Error: the output could not be written: No space left on device\n"


class Started:
    """A long run whose stderr can be taken from it."""

    def __init__(self, how, words):
        self.there = None
        if how == "closed":
            # In a Python of its own, whose stderr is none from its start on.
            shell = ["sh", "-c", 'exec "$@" 2>&-', "sh", *line(*words)]
            self.process = subprocess.Popen(shell, stdout=subprocess.DEVNULL)
            return
        if how == "pipe":
            self.there, here = os.pipe()
            none = os.open(os.devnull, os.O_RDWR)
            streams = [none, none, here]
        else:
            self.there, here = pty.openpty()
            streams = [here] * 3
        self.process = warm_cli().started(
            *words, cwd=Path.cwd(), streams=streams, alone=how == "pty"
        )
        for each in {*streams}:
            os.close(each)

    def take_reader_away(self):
        if self.there is not None:
            os.close(self.there)
            self.there = None

    def wait_for_rows(self, path):
        deadline = monotonic() + WITHIN
        while not (path.exists() and describe(path)["rows"]):
            assert self.process.poll() is None
            assert monotonic() < deadline
            sleep(0.02)


@pytest.fixture
def started(monkeypatch):
    begun = []
    monkeypatch.setenv("TERM", "xterm")

    def start(how, *words):
        begun.append(Started(how, words))
        return begun[-1]

    yield start
    for each in begun:
        each.take_reader_away()
        each.process.kill()
        each.process.wait()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("how", "number"),
    [
        ("closed", signal.SIGTERM),
        ("pipe", signal.SIGINT),
        ("pipe", signal.SIGHUP),
        ("pty", signal.SIGUSR1),
    ],
)
def test_a_signal_gives_a_checkpoint_whatever_becomes_of_stderr(
    started, how, number, spec, tmp_path
):
    path = tmp_path / "run.h5"
    run = started(how, "run", spec, "-o", path, *LONG)
    run.wait_for_rows(path)
    run.take_reader_away()
    if how == "closed" and os.path.exists("/proc/self/fd"):
        # What is written to descriptor 2 goes into no file of ours.
        assert os.readlink(f"/proc/{run.process.pid}/fd/2") == os.devnull
    run.process.send_signal(number)
    assert run.process.wait(WITHIN) == 75
    content = describe(path)
    assert content["status"] == "stopped"
    # The checkpoint is of the step at which the run stopped, which need not have a row.
    assert content["step"] <= content["checkpoint_step"] < content["step"] + EVERY


@pytest.mark.slow
def test_nohup_keeps_its_promise(started, spec, tmp_path):
    path = tmp_path / "run.h5"
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        run = started("closed", "run", spec, "-o", path, *LONG)
    finally:
        signal.signal(signal.SIGHUP, before)
    run.wait_for_rows(path)
    seen = describe(path)["rows"]
    run.process.send_signal(signal.SIGHUP)
    deadline = monotonic() + WITHIN
    while describe(path)["rows"] == seen:
        assert run.process.poll() is None
        assert monotonic() < deadline
        sleep(0.02)
    assert describe(path)["status"] == "running"


SWEEP = '[sweep]\nproduct = {"seed" = "0:2"}\n'
PHASE = ["--x", "task.T=10,20", "--y", "dynamics.batch_size=1e4,1e6", "--replicas", "2"]


@pytest.mark.slow
@pytest.mark.parametrize("command", ["sweep", "phase", "figure"])
def test_work_of_many_runs_goes_on_without_its_terminal(started, command, spec, tmp_path):
    if command == "sweep":
        (tmp_path / "sweep.toml").write_text(spec.read_text() + SWEEP)
        words, made = [tmp_path / "sweep.toml"], "seed=1/run.h5"
    elif command == "phase":
        words, made = [spec, *PHASE], "phase.pdf"
    else:
        words, made = ["5", "--quick"], "figure5.pdf"
    work = started("pty", command, *words, "-o", tmp_path / "made")
    work.take_reader_away()
    assert work.process.wait(WITHIN) == 0
    assert (tmp_path / "made" / made).exists()


@pytest.mark.slow
def test_a_watch_ends_when_no_one_reads_it(started, spec, tmp_path):
    path = tmp_path / "run.h5"
    started("closed", "run", spec, "-o", path, *LONG).wait_for_rows(path)
    watch = subprocess.Popen(line("watch", path), stdout=subprocess.PIPE)
    watch.stdout.close()
    assert watch.wait(WITHIN) == 0
