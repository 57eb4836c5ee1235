"""A run that lost its first rows says so, wherever it is asked, and goes on from any moment."""

import json
import os
import warnings
from contextlib import nullcontext

import h5py
import numpy as np
import pytest
from click.testing import CliRunner
from scbsim_testing.small_runs import run_spec

from scbsim import load, simulate
from scbsim.cli.main import cli
from scbsim.errors import OutputError, RunWarning
from scbsim.observables import NAMES
from scbsim.storage.description import describe
from scbsim.storage.runfile.status import run_status
from scbsim.studies.run_files import obtain

pytestmark = pytest.mark.usefixtures("checked_here")

STAGES = [{"steps": 5, "normalize_level": 0.1}, {"steps": 25}]
WORDS = {"single": (), "ensemble": ("dynamics.replicas=3",)}
SAID = "lacks the rows of the steps before 13"


def scbsim(*words):
    result = CliRunner().invoke(cli, [str(word) for word in words])
    assert "Traceback" not in result.output, result.output
    assert "internal error" not in result.output, result.output
    return result


@pytest.fixture(params=WORDS)
def spec(request):
    return run_spec(*WORDS[request.param], stages=STAGES)


@pytest.fixture
def damaged(spec, tmp_path, monkeypatch):
    """A run that stopped after step 12, in its second stage, with a file that is then damaged."""
    path = tmp_path / "run.h5"
    (tmp_path / "spec.toml").write_text(spec.to_toml())
    looks = iter(range(100))
    with monkeypatch.context() as patched:
        patched.setattr("scbsim.run.loop._next_pace", lambda *_: 1)
        simulate(spec, output=path, stop=lambda: next(looks) == 12)
    assert load(path)["step"][-1] == 12
    path.write_bytes(path.read_bytes()[:-5000])
    return path


@pytest.fixture
def stopped_at_once(spec, damaged):
    """Taken up, and stopped before it took a step."""
    with pytest.warns(RunWarning, match=r"is damaged .* begins at step 12"):
        simulate(spec, output=damaged, resume=True, stop=lambda: True)
    return damaged


@pytest.mark.slow
def test_a_stop_before_the_first_row(spec, stopped_at_once):
    damaged = stopped_at_once
    with pytest.warns(RunWarning, match=SAID):
        run = load(damaged)
    assert run.attrs["status"] == "stopped"
    assert run.sizes["step"] == 0
    assert run.attrs["lacks_steps_before"] == 13
    for read in (describe, lambda path: vars(run_status(path))):
        found = read(damaged)
        assert (found["lacks_steps_before"], found["step"]) == (13, 12)
    assert "stopped on a signal" in scbsim("info", damaged).stdout
    assert scbsim("watch", damaged).exit_code == 0
    assert scbsim("plot", damaged, "-o", damaged.with_suffix(".png")).exit_code == 0
    again = scbsim("run", damaged.with_name("spec.toml"), "-o", damaged, "--resume")
    assert again.exit_code == 0, again.output
    check_complete(spec, damaged)


def check_complete(spec, path):
    whole = simulate(spec)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RunWarning)
        run = load(path)
    assert run.attrs["status"] == "complete"
    assert run["step"].values.tolist() == list(range(13, 31))
    for name in NAMES:
        np.testing.assert_array_equal(run[name], whole[name][..., 13:])
    assert run["stage_end"].values[..., 1].ravel().tolist() == [30] * run.sizes.get("replica", 1)


def test_a_stop_at_the_command_line(damaged, monkeypatch):
    """With nothing to sum up there is a summary all the same."""
    monkeypatch.setattr("scbsim.cli.signals.stopping", lambda: nullcontext(lambda: True))
    for _ in range(2):
        ended = scbsim("run", damaged.with_name("spec.toml"), "-o", damaged, "--resume")
        assert ended.exit_code == 75, ended.output
        assert "stopped on a signal at step 12" in ended.stdout
        assert SAID in ended.stdout


@pytest.fixture
def complete(spec, damaged):
    with pytest.warns(RunWarning):
        simulate(spec, output=damaged, resume=True)
    return damaged


def test_a_complete_run_says_so(spec, complete):
    check_complete(spec, complete)
    with pytest.warns(RunWarning, match=SAID) as caught:
        assert load(complete).attrs["lacks_steps_before"] == 13
    assert caught[0].filename == __file__
    assert SAID in " ".join(scbsim("info", complete).stdout.split())
    assert json.loads(scbsim("info", complete, "--json").stdout)["lacks_steps_before"] == 13
    with h5py.File(complete) as file:
        assert file.attrs["lacks_steps_before"] == 13


def test_the_summary_says_so(damaged):
    ended = scbsim("run", damaged.with_name("spec.toml"), "-o", damaged, "--resume")
    assert ended.exit_code == 0, ended.output
    assert SAID in ended.stdout
    assert "0 to step" not in ended.stdout
    again = scbsim("run", damaged.with_name("spec.toml"), "-o", damaged, "--resume")
    assert "nothing to do" in again.stdout
    assert SAID in again.stdout


def test_no_figure_is_drawn_from_it(spec, complete):
    with pytest.warns(RunWarning), pytest.raises(OutputError, match=SAID):
        obtain(spec, complete)


def test_a_whole_run_says_nothing(spec, tmp_path):
    path = tmp_path / "run.h5"
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        simulate(spec, output=path)
        assert "lacks_steps_before" not in load(path).attrs
    assert describe(path)["lacks_steps_before"] == run_status(path).lacks_steps_before == 0
    assert "lacks" not in scbsim("info", path).stdout


def test_a_file_of_before_the_attribute(complete):
    """What lacks rows begins at a later step than 0."""
    with h5py.File(complete, "r+") as file:
        del file.attrs["lacks_steps_before"]
    with pytest.warns(RunWarning, match=SAID):
        load(complete)
    assert run_status(complete).lacks_steps_before == 13


def test_it_does_not_begin_again_without_a_checkpoint(spec, stopped_at_once):
    """The rows that it has would stand before those of the beginning."""
    damaged = stopped_at_once
    for name in ("run.h5.ckpt", "run.h5.ckpt.1"):
        damaged.with_name(name).unlink()
    before = damaged.read_bytes()
    with pytest.raises(OutputError, match=f"{SAID}.*no checkpoint of it is left"):
        simulate(spec, output=damaged, resume=True)
    assert damaged.read_bytes() == before


def test_the_checkpoint_of_the_file_before_is_taken_for_what_it_is(spec, stopped_at_once):
    """Its count of rows is that of the damaged file, and the new one has none of them."""
    damaged = stopped_at_once
    os.replace(damaged.with_name("run.h5.ckpt.1"), damaged.with_name("run.h5.ckpt"))
    with pytest.warns(RunWarning):
        simulate(spec, output=damaged, resume=True)
    check_complete(spec, damaged)


def test_damaged_twice(spec, damaged, monkeypatch):
    looks = iter(range(100))
    monkeypatch.setattr("scbsim.run.loop._next_pace", lambda *_: 1)
    with pytest.warns(RunWarning):
        simulate(spec, output=damaged, resume=True, stop=lambda: next(looks) == 7)
    damaged.write_bytes(damaged.read_bytes()[:-5000])
    with pytest.warns(RunWarning, match=r"kept as .*corrupt\.1"):
        run = simulate(spec, output=damaged, resume=True)
    assert 20 == run.attrs["lacks_steps_before"] == run["step"][0]
    assert len(list(damaged.parent.glob("*.corrupt*"))) == 2


def test_a_file_system_without_hard_links(spec, damaged, monkeypatch):
    def refuse(*_names):
        raise PermissionError(1, "Operation not permitted")

    before = damaged.read_bytes()
    monkeypatch.setattr(os, "link", refuse)
    with pytest.warns(RunWarning, match="kept as"):
        simulate(spec, output=damaged, resume=True)
    assert damaged.with_name("run.h5.corrupt").read_bytes() == before
    check_complete(spec, damaged)
