"""What goes wrong around a run: a short plain message, the right status, and nothing lost."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
from time import monotonic, sleep

import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scbsim_testing.needs import lacking
from scbsim_testing.small_runs import assert_same, run_spec

from scbsim import load, simulate
from scbsim.cli.main import cli
from scbsim.spec import RunSpec
from scbsim.storage.description import describe
from scbsim.storage.hdf5.lock import writer_of
from scbsim.storage.runfile.integrity import checked
from scbsim.util.atomic import rename_new

LONG = 10**9


def run(*words):
    return CliRunner().invoke(cli, [str(word) for word in words], prog_name="scbsim")


def plain(result, status):
    """Return what a command said, having seen its status and that it is short and no traceback."""
    code = result.exit_code if hasattr(result, "exit_code") else result.returncode
    said = result.stderr
    assert code == status, said
    assert "Traceback" not in said
    assert "internal error" not in said
    assert 1 <= len(said.strip().splitlines()) <= 8, said
    return said


@pytest.fixture
def toml(spec, tmp_path):
    path = tmp_path / "spec.toml"
    path.write_text(spec.to_toml())
    return path


@pytest.fixture
def stopped(toml, spec, tmp_path):
    """A folder with a spec and a stopped run of it."""
    simulate(spec, output=tmp_path / "run.h5", stop=lambda: True)
    yield tmp_path
    tmp_path.chmod(0o755)


def bound(*words):
    """Run a command line as someone whom permissions bind, as they do not bind root."""
    drop = []
    if os.geteuid() == 0:
        drop = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"]
        if not shutil.which("setpriv"):
            lacking("root may do everything, and there is no setpriv to change that")
    line = [*drop, sys.executable, "-m", "scbsim", *map(str, words)]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.run(line, env=environment, capture_output=True, text=True, check=False)


def forbid(folder):
    """Make a folder and what is in it read-only, whoever owns it."""
    for path in folder.iterdir():
        path.chmod(0o444)
    folder.chmod(0o555)


@pytest.mark.slow
def test_a_folder_that_is_read_only(stopped):
    before = {path: path.read_bytes() for path in stopped.iterdir()}
    forbid(stopped)
    for words in ((), ("--resume",), ("--overwrite",)):
        for out in ("run.h5", "new.h5") if words else ("new.h5",):
            path = stopped / out
            said = plain(bound("run", stopped / "spec.toml", "-o", path, *words), 2)
            assert f"{path} cannot be written: Permission denied" in said
    assert {path: path.read_bytes() for path in stopped.iterdir()} == before


@pytest.mark.slow
def test_a_run_in_a_read_only_folder_can_be_read(stopped):
    forbid(stopped)
    done = bound("info", stopped / "run.h5")
    assert done.returncode == 0, done.stderr
    assert "stopped on a signal" in done.stdout
    done = bound("watch", stopped / "run.h5")
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
def test_a_file_that_is_read_only(stopped, spec):
    path = stopped / "run.h5"
    for each in stopped.iterdir():
        each.chmod(0o444)
    stopped.chmod(0o777)
    before = path.read_bytes()
    said = plain(bound("run", stopped / "spec.toml", "-o", path, "--resume"), 2)
    assert str(path) in said
    assert "Permission denied" in said
    assert path.read_bytes() == before
    path.chmod(0o644)
    assert_same(simulate(spec, output=path, resume=True), simulate(spec))


def test_a_file_that_one_may_not_read(stopped):
    path = stopped / "run.h5"
    path.chmod(0)
    for words in (("info", path), ("watch", path), ("plot", path)):
        said = plain(bound(*words), 2)
        assert str(path) in said
        assert "not readable" in said or "Permission denied" in said


def test_outputs_that_are_none(toml, tmp_path):
    folder, fifo, link = tmp_path / "folder", tmp_path / "fifo", tmp_path / "link.h5"
    folder.mkdir()
    os.mkfifo(fifo)
    link.symlink_to(link)
    for out, words in ((folder, "is a folder"), (fifo, "no regular file"), (toml, "spec itself")):
        for how in ((), ("--resume",), ("--overwrite",)):
            assert words in plain(run("run", toml, "-o", out, *how), 2)
    assert f"{link} is a symbolic link that leads back" in plain(run("run", toml, "-o", link), 2)
    for command in ("info", "watch", "plot"):
        assert "is a folder" in plain(run(command, folder), 2)
        assert "no regular file" in plain(run(command, fifo), 2)
        assert "Too many levels of symbolic links" in plain(run(command, link), 2)
        assert "does not exist" in plain(run(command, tmp_path / "none.h5"), 2)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "fifo", "folder", "link.h5", "spec.toml"
    ]  # fmt: skip


def test_resume_of_another_spec_names_every_key(toml, tmp_path, spec):
    path = tmp_path / "run.h5"
    simulate(spec, output=path, stop=lambda: True)
    changes = {
        "seed": 5,
        "task.seed": 7,
        "dynamics.batch_size": 2e5,
        "stage.0.rate_A": 0.2,
        "stage.1.steps": 3,
        "noise.sigma_V": 2.0,
        "output.every": 3,
    }
    words = [word for key, value in changes.items() for word in ("--set", f"{key}={value}")]
    before = path.read_bytes()
    said = plain(run("run", toml, "-o", path, "--resume", *words), 2)
    for key, value in changes.items():
        assert key in said
        assert f"{value:g} here" in said or f"{value} here" in said
    assert path.read_bytes() == before
    assert run("run", toml, "-o", path, "--resume", "-q").exit_code == 0


@pytest.fixture
def writer(tmp_path):
    """A process that writes a run without end."""
    (tmp_path / "long.toml").write_text(run_spec(steps=LONG).to_toml())
    path = tmp_path / "live.h5"
    line = [sys.executable, "-m", "scbsim", "run", str(tmp_path / "long.toml"), "-o", str(path)]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    process = subprocess.Popen([*line, "-q"], env=environment, stderr=subprocess.PIPE)
    try:
        deadline = monotonic() + 120
        while not path.exists():
            assert process.poll() is None
            assert monotonic() < deadline
            sleep(0.02)
        yield process, path
    finally:
        process.kill()
        process.communicate()


@pytest.mark.slow
def test_a_second_writer(writer, tmp_path):
    process, path = writer
    for how in ("--resume", "--overwrite"):
        said = plain(run("run", tmp_path / "long.toml", "-o", path, how), 1)
        assert f"is being written by process {process.pid} on " in said
    assert "exists" in plain(run("run", tmp_path / "long.toml", "-o", path), 2)
    process.send_signal(signal.SIGTERM)
    assert process.wait(60) == 75
    assert load(path).attrs["status"] == "stopped"


def test_who_asks_is_taken_for_no_writer(tmp_path):
    path = tmp_path / "run.h5"
    lock = tmp_path / "run.h5.lock"
    lock.write_text(json.dumps({"host": "there", "pid": 1}))
    with lock.open() as another:
        fcntl.flock(another, fcntl.LOCK_SH)
        assert writer_of(path) is None
        fcntl.flock(another, fcntl.LOCK_EX)
        assert writer_of(path) == "process 1 on there"


def test_a_run_that_ends_while_it_is_asked_about(done, monkeypatch):
    said = iter([("running", 0), ("complete", 1)])
    monkeypatch.setattr("scbsim.storage.runfile.reader.progress", lambda group: next(said))
    assert describe(done)["status"] == "complete"


def test_a_file_system_without_hard_links(toml, tmp_path, monkeypatch):
    def refuse(*_names):
        raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))

    monkeypatch.setattr(os, "link", refuse)
    out = tmp_path / "run.h5"
    assert run("run", toml, "-o", out, "-q").exit_code == 0
    assert load(out).attrs["status"] == "complete"
    assert sorted(tmp_path.glob("run.h5*")) == [out]

    here, there = tmp_path / "here", tmp_path / "there"
    here.write_text("new")
    there.write_text("old")
    with pytest.raises(FileExistsError):
        rename_new(here, there)
    assert there.read_text() == "old"


def test_files_of_python_beside_the_run(stopped, cold_check, monkeypatch):
    """A good file is not put aside because of a module with a common name."""
    folder = stopped / "modules"
    folder.mkdir()
    for name in ("json", "h5py", "pathlib"):
        (folder / f"{name}.py").write_text("raise ImportError")
    monkeypatch.chdir(folder)
    assert checked(stopped / "run.h5").kind == "whole"


def test_a_state_that_does_not_fit(toml, tmp_path, monkeypatch):
    out = tmp_path / "run.h5"
    said = plain(run("run", toml, "-o", out, "--set", f"task.T={2**33}"), 2)
    assert "GB of memory" in said
    assert "GB are free" in said
    assert "smaller" in said
    assert not out.exists()


KEYS = tuple(
    "seed task task.N task.T task.Q task.mu task.from stage stage.0 stage.0.steps stage.9.steps "  # noqa: SIM905
    "stage.0.rule stage.0.threshold stage.0.threshold_sigmas dynamics.rule dynamics.engine noise "
    "noise.model init.from init.alpha_A output.every output.final_state output.snapshot_every . a"
    "".split()
)
keys = st.sampled_from(["", *KEYS])
values = st.one_of(
    st.sampled_from(["1", "-1", "0", "1e400", "nan", "inf", "true", "{}", "[]", "[{}]", "'a'"]),
    st.sampled_from(["prox", "sgd", "none", "auto", "batch", "vanilla", "dirichlet", "1979-05-27"]),
    st.integers().map(str),
    st.floats().map(repr),
    st.text(max_size=9),
)
words = st.lists(
    st.one_of(st.builds("{}={}".format, keys, values), st.text(max_size=9)), max_size=4
)


@pytest.mark.slow
@settings(
    max_examples=1000,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(words=words, text=st.one_of(st.none(), st.binary(max_size=60), st.text(max_size=60)))
def test_whatever_spec_is_given_no_traceback(words, text, done, tmp_path, monkeypatch, spec):
    """The run itself is left out; reading the spec, and saying what is wrong, is not."""
    path, seen = tmp_path / "any.toml", []
    text = spec.to_toml() if text is None else text
    path.write_bytes(text if isinstance(text, bytes) else text.encode(errors="surrogatepass"))

    def stub(spec, **_options):
        seen.append(spec)
        return load(done)

    with monkeypatch.context() as patched:
        patched.setattr("scbsim.run.simulate.simulate", stub)
        given = [word for each in words for word in ("--set", each)]
        result = run("run", path, "-o", done, "-q", *given)
    if seen:
        assert (result.exit_code, type(seen[0])) == (0, RunSpec), result.output
    else:
        assert result.exit_code == 2, (result.output, result.exception)
        assert not any(word in result.output for word in ("Traceback", "internal error"))
        assert result.stderr.strip()
