"""A file that could not be checked stays as it is, with its checkpoints, and goes on later."""

import signal

import numpy as np
import pytest
from click.testing import CliRunner
from scbsim_testing.processes import child
from scbsim_testing.small_runs import assert_same, rows

from scbsim import load, simulate
from scbsim.cli.main import cli
from scbsim.errors import OutputError, RunFailed, RunWarning, Stopped
from scbsim.storage.runfile import integrity as verify

DEAD = f"os.kill(os.getpid(), {int(signal.SIGKILL)})"
CASES = {
    "killed": (DEAD, "was killed, as the system does when memory is short"),
    "crashed": ("os.kill(os.getpid(), signal.SIGSEGV)", "Segmentation fault"),
    "out of memory": ("say(b'verdict ' + json.dumps(['unchecked', 'm', True]).encode())", "(m)"),
    "without a module": ("import no_such_module", "No module named"),
    "silent": ("time.sleep(1000)", "came to a halt"),
}


@pytest.fixture
def stopped(spec, tmp_path, monkeypatch):
    """A stopped run in a folder of its own."""
    path = tmp_path / "out" / "run.h5"
    looks = iter(range(100))
    monkeypatch.setattr("scbsim.run.loop._next_pace", lambda *_: 1)
    simulate(spec, output=path, stop=lambda: next(looks) == 4)
    assert load(path)["step"][-1] == 4
    return path


@pytest.fixture(scope="module")
def whole(spec):
    return simulate(spec)


def contents_of(path):
    return {each.name: each.read_bytes() for each in path.parent.iterdir()}


@pytest.mark.parametrize("case", CASES)
def test_it_stays_as_it_is(spec, stopped, whole, monkeypatch, case):
    program, said = CASES[case]
    before = contents_of(stopped)
    assert set(before) == {"run.h5", "run.h5.ckpt"}
    with monkeypatch.context() as patched:
        patched.setattr(verify, "_CHILD", child(program))
        patched.setattr(verify, "_SILENT_SECONDS", 0.3)
        with pytest.raises(RunFailed) as caught:
            simulate(spec, output=stopped, resume=True)
    for words in (said, "left as they are", f"rename it to {stopped.name}.corrupt"):
        assert words in str(caught.value)
    assert contents_of(stopped) == before
    assert_same(simulate(spec, output=stopped, resume=True), whole)
    assert set(contents_of(stopped)) == {"run.h5"}


def test_the_same_without_a_checkpoint(spec, stopped, whole, monkeypatch):
    stopped.with_name("run.h5.ckpt").unlink()
    before = contents_of(stopped)
    with monkeypatch.context() as patched:
        patched.setattr(verify, "_CHILD", child(DEAD))
        with pytest.raises(RunFailed, match="the same command then starts again"):
            simulate(spec, output=stopped, resume=True)
    assert contents_of(stopped) == before
    assert_same(simulate(spec, output=stopped, resume=True), whole)


def test_the_command_line_says_so_with_status_1(spec, stopped, tmp_path, monkeypatch):
    toml = tmp_path / "spec.toml"
    toml.write_text(spec.to_toml())
    monkeypatch.setattr(verify, "_CHILD", child(DEAD))
    result = CliRunner().invoke(cli, ["run", str(toml), "-o", str(stopped), "--resume"])
    assert result.exit_code == 1
    assert result.stderr.startswith(f"Error: {stopped} could not be checked (the process that ")
    assert len(result.stderr.splitlines()) == 1


def test_a_stop_leaves_all_of_it(spec, stopped, whole, monkeypatch):
    before = contents_of(stopped)
    with monkeypatch.context() as patched:
        patched.setattr(verify, "_CHILD", child("time.sleep(1000)"))
        with pytest.raises(Stopped) as caught:
            simulate(spec, output=stopped, resume=True, stop=lambda: True)
    assert caught.value.exit_status == 75
    assert contents_of(stopped) == before
    assert_same(simulate(spec, output=stopped, resume=True), whole)


def test_an_interrupt_leaves_all_of_it(spec, stopped, monkeypatch):
    def interrupted():
        raise KeyboardInterrupt

    before = contents_of(stopped)
    with pytest.raises(KeyboardInterrupt):
        simulate(spec, output=stopped, resume=True, stop=interrupted)
    assert contents_of(stopped) == before


def test_a_checkpoint_that_cannot_be_read_now_is_not_passed_over(spec, stopped, monkeypatch):
    """The run would begin again, or go on from an older one."""
    before = contents_of(stopped)

    def failing(*_):
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as patched:
        patched.setattr("scbsim.storage.checkpoint.file.read_one", failing)
        with pytest.raises(RunFailed, match=r"run\.h5\.ckpt cannot be read: Input/output error"):
            simulate(spec, output=stopped, resume=True)
    assert contents_of(stopped) == before


def test_what_cannot_be_read_after_its_check_is_left_alone(spec, stopped, monkeypatch):
    before = contents_of(stopped)
    with monkeypatch.context() as patched:
        patched.setattr("scbsim.storage.checkpoint.resume.read_arrays", lambda _: {}["gone"])
        with pytest.raises(RunFailed, match="left as they are"):
            simulate(spec, output=stopped, resume=True)
    assert contents_of(stopped) == before


def renamed(path):
    aside = path.with_name("run.h5.corrupt")
    path.rename(aside)
    return aside


def test_the_way_on_is_to_rename_it(spec, stopped, whole):
    begins = int(load(stopped)["step"][-1])
    aside = renamed(stopped)
    before = aside.read_bytes()
    with pytest.warns(RunWarning, match=f"is not there, and .*begins at step {begins}"):
        run = simulate(spec, output=stopped, resume=True)
    assert run.attrs["status"] == "complete"
    np.testing.assert_array_equal(run["step"], whole["step"][begins + 1 :])
    np.testing.assert_array_equal(rows(run), rows(whole)[begins + 1 :])
    assert set(contents_of(stopped)) == {"run.h5", "run.h5.corrupt"}
    assert aside.read_bytes() == before


def test_without_a_file_put_aside_a_run_starts(spec, stopped, whole):
    stopped.unlink()
    assert_same(simulate(spec, output=stopped, resume=True), whole)


def test_nor_does_it_go_on_from_a_checkpoint_of_another_spec(spec, stopped):
    renamed(stopped)
    other = spec.replace(seed=spec.seed + 1)
    assert_same(simulate(other, output=stopped, resume=True), simulate(other))


def test_a_damaged_file_without_a_checkpoint_is_refused(spec, stopped):
    stopped.with_name("run.h5.ckpt").unlink()
    stopped.write_bytes(stopped.read_bytes()[:-5000])
    before = contents_of(stopped)
    with pytest.raises(OutputError, match="no checkpoint of this run is beside it"):
        simulate(spec, output=stopped, resume=True)
    assert contents_of(stopped) == before
