"""Following runs that are written, that end, and whose writers die."""

import os
import pty
import re
import select
import shutil
import signal
import subprocess
import sys
from contextlib import contextmanager
from socket import gethostname
from time import monotonic, sleep

import pytest
from scbsim_testing.warm_cli import warm_cli

from scbsim.cli.live_table import Pace, follow
from scbsim.storage.description import describe

WITHIN = 120.0


def line(*words):
    return [sys.executable, "-m", "scbsim", *map(str, words)]


@pytest.fixture
def writer(spec, tmp_path):
    """Write a long run in another process; give the process and the file."""
    path = tmp_path / "my run.h5"
    words = ["--set", "stage.0.steps=1000000000", "--set", "output.checkpoint_seconds=0.5", "-q"]
    none = os.open(os.devnull, os.O_RDWR)
    run = ("run", spec, "-o", path, *words)
    process = warm_cli().started(*run, cwd=tmp_path, streams=[none] * 3)
    os.close(none)
    try:
        wait_for(lambda: path.exists() and describe(path)["rows"], process)
        yield process, path
    finally:
        process.kill()
        process.wait()


def wait_for(is_so, process):
    deadline = monotonic() + WITHIN
    while not is_so():
        assert process.poll() is None
        assert monotonic() < deadline
        sleep(0.02)


@contextmanager
def watching(path, *words, **options):
    process = subprocess.Popen(
        line("watch", path, "--every", "0.1", *words), stdout=subprocess.PIPE, **options
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def steps_of(said):
    return [int(each.split("/")[0].split()[1]) for each in said if each.startswith("step ")]


@pytest.mark.slow
@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_it_ends_with_its_writer_and_says_what_to_type(writer, how):
    process, path = writer
    with watching(path, text=True, stderr=subprocess.PIPE) as watch:
        first = watch.stdout.readline()
        assert first.startswith("step ")
        assert "/1000000000" in first
        assert "alpha_A" in first
        seen = describe(path)["step"]
        wait_for(lambda: describe(path)["step"] > seen, process)
        process.send_signal(how)
        rest, errors = watch.communicate(timeout=WITHIN)
    assert (watch.returncode, errors) == (0, "")
    said = [first, *rest.splitlines()]
    steps = steps_of(said)
    assert steps == sorted(steps)
    assert steps[-1] == describe(path)["step"] > 0
    word = (
        "stopped on a signal"
        if how == signal.SIGTERM
        else "interrupted: no process on this machine writes it"
    )
    assert said[-1].startswith(word)
    assert f"`scbsim run SPEC.toml -o '{path}' --resume` resumes it from the checkpoint" in said[-1]


@pytest.mark.slow
def test_it_does_not_disturb_the_writer(spec, tmp_path, scbsim):
    """Watched or not, the run is the same; and the watch ends when the run is complete."""
    path = tmp_path / "run.h5"
    words = ("--set", "stage.0.steps=30000", "-q")
    with subprocess.Popen(line("run", spec, "-o", path, *words)) as process:
        wait_for(path.exists, process)
        with watching(path, text=True) as watch:
            said, _ = watch.communicate(timeout=WITHIN)
        assert process.wait(WITHIN) == 0
    assert watch.returncode == 0
    assert said.splitlines()[-1] == "complete"
    assert steps_of(said.splitlines())[-1] == 30000
    alone = tmp_path / "alone.h5"
    scbsim("run", spec, "-o", alone, *words)
    assert describe(alone)["last"] == describe(path)["last"]


def test_a_table_on_a_terminal(writer):
    process, path = writer
    here, there = pty.openpty()
    shown = b""
    environment = os.environ | {"TERM": "xterm", "COLUMNS": "250", "LINES": "40"}
    with subprocess.Popen(
        line("watch", path, "--every", "0.1"), stdout=there, stderr=there, env=environment
    ) as watch:
        os.close(there)
        deadline = monotonic() + WITHIN
        while watch.poll() is None or select.select([here], [], [], 0)[0]:
            assert monotonic() < deadline
            if not select.select([here], [], [], 0.1)[0]:
                continue
            try:
                shown += os.read(here, 65536)
            except OSError:
                break
            if shown.count(b"alpha_A") > 3:
                process.kill()
    os.close(here)
    assert watch.returncode == 0
    text = shown.decode()
    for word in ("steps/s", " left", "alpha_A", "sim_V", "of 1000000000", "interrupted"):
        assert word in text
    assert "\x1b[" in text
    assert not re.search("[━╸╺][^\\n]*alpha_A", text), "the bar has a line of its own"


@pytest.mark.slow
def test_ctrl_c_ends_the_watch_and_not_the_run(writer):
    process, path = writer
    # Whoever started the tests in the background may have had them ignore it.
    heeding = {"preexec_fn": lambda: signal.signal(signal.SIGINT, signal.SIG_DFL)}
    with watching(path, text=True, stderr=subprocess.PIPE, **heeding) as watch:
        watch.stdout.readline()
        watch.send_signal(signal.SIGINT)
        rest, errors = watch.communicate(timeout=WITHIN)
    assert (watch.returncode, errors) == (0, "")
    assert rest.splitlines()[-1] == f"running: written by process {process.pid} on {gethostname()}"
    assert process.poll() is None


@pytest.mark.parametrize("how", ["complete", "stopped"])
def test_what_is_over_is_said_at_once(scbsim, spec, done, tmp_path, how):
    path = done
    if how == "stopped":
        from scbsim import RunSpec, simulate

        path = tmp_path / "run.h5"
        simulate(RunSpec.from_toml(spec), output=path, stop=lambda: True)
    result = scbsim("watch", path)
    assert result.exit_code == 0, result.output
    first, last = result.stdout.splitlines()
    assert first.startswith("step 20/20  alpha_A" if how == "complete" else "step 0/20  alpha_A")
    assert last.startswith(how)


def test_a_missing_file(scbsim, fails, tmp_path):
    assert "none.h5 does not exist" in fails(scbsim("watch", tmp_path / "none.h5"), 2)


@pytest.mark.slow
def test_a_file_that_goes_away(writer):
    _, path = writer
    with watching(path, text=True, stderr=subprocess.PIPE) as watch:
        watch.stdout.readline()
        path.unlink()
        _, errors = watch.communicate(timeout=WITHIN)
    assert watch.returncode == 2
    assert "does not exist" in errors
    assert len(errors.splitlines()) == 1


@pytest.mark.slow
def test_another_run_in_its_place(writer, done):
    process, path = writer
    with watching(path, text=True, stderr=subprocess.PIPE) as watch:
        watch.stdout.readline()
        copy = shutil.copy(done, path.with_name("copy.h5"))
        os.replace(copy, path)
        process.kill()
        rest, errors = watch.communicate(timeout=WITHIN)
    assert watch.returncode == 0
    assert "the file was replaced by another run" in errors
    assert rest.splitlines()[-1] == "complete"
    assert steps_of(rest.splitlines())[-1] == 20


def test_pace_is_of_what_moved():
    pace = Pace()
    assert pace.rate() == 0
    for now, step in ((0.0, 0), (1.0, 10), (2.0, 10), (3.0, 40)):
        pace.see(step, now)
    assert pace.rate() == pytest.approx(40 / 3)
    pace.see(5, 4.0)
    assert pace.rate() >= 0


@pytest.mark.slow
def test_follow_waits_as_long_as_it_is_told(writer, monkeypatch, capsys):
    process, path = writer
    waits = []

    def wait(seconds):
        waits.append(seconds)
        if len(waits) == 3:
            process.kill()
            process.wait()

    follow(path, 7.0, wait)
    assert waits == [7.0] * 3
    assert capsys.readouterr().out.splitlines()[-1].startswith("interrupted")
