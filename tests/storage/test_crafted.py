"""Outputs that lead out of themselves: no command reads what is not theirs, or copies it."""

from __future__ import annotations

import h5py
import numpy as np
import pytest
from click.testing import CliRunner
from scbsim_testing.small_runs import run_spec
from scbsim_testing.small_sweeps import sweep_text

from scbsim import Task, load, simulate
from scbsim.cli.main import cli
from scbsim.errors import OutputError
from scbsim.spec import TaskSpec
from scbsim.spec.sweep import Sweep
from scbsim.storage.checkpoint.file import checkpoint_step
from scbsim.storage.description import describe
from scbsim.storage.runfile.reader import last_state
from scbsim.storage.runfile.status import run_status
from scbsim.sweep.collect import collect
from scbsim.sweep.folder import SweepFolder

SECRET = 4321.5


def external(file, name, secret):
    shape = file[name].shape
    del file[name]
    file.create_dataset(name, shape, "f8", external=[(secret, 0, 8 * int(np.prod(shape)))])


def of_itself(file, name, _secret):
    layout = h5py.VirtualLayout(file[name].shape, "f8")
    layout[...] = h5py.VirtualSource(".", name, shape=file[name].shape)
    del file[name]
    file.create_virtual_dataset(name, layout)


def linked(file, name, secret):
    del file[name]
    file[name] = h5py.ExternalLink(secret, "x")


CRAFTS = [external, of_itself, linked]


def crafted(path, name, craft):
    secret = path.with_name("secret")
    np.full(10**5, SECRET).tofile(secret)
    with h5py.File(path, "r+") as file:
        craft(file, name, str(secret))
    return path


@pytest.fixture(params=CRAFTS, ids=lambda craft: craft.__name__)
def of_a_column(request, copy):
    return crafted(copy, "trajectory/alpha_A", request.param)


@pytest.fixture(params=CRAFTS, ids=lambda craft: craft.__name__)
def of_a_task(request, copy):
    return crafted(copy, "task/mu", request.param)


def refused(read, path):
    with pytest.raises(OutputError, match=r"cannot be read: its /\w+/\w+ is a"):
        read(path)


def test_readers(of_a_column):
    for read in (load, describe, last_state):
        refused(read, of_a_column)


@pytest.mark.parametrize("command", ["info", "plot", "watch"])
def test_commands(of_a_column, command):
    result = CliRunner().invoke(cli, [command, str(of_a_column)], prog_name="scbsim")
    assert result.exit_code == 2
    assert "cannot be read" in result.stderr
    assert str(SECRET) not in result.output


def test_starts_and_tasks(of_a_task):
    refused(lambda path: Task.from_spec(TaskSpec(from_=str(path))), of_a_task)
    refused(lambda path: simulate(run_spec().replace(init={"from": str(path)})), of_a_task)


def test_what_is_read_at_a_run_status(copy):
    crafted(copy, "trajectory/step", external)
    refused(run_status, copy)


@pytest.mark.parametrize("craft", CRAFTS, ids=lambda craft: craft.__name__)
def test_collections(craft, tmp_path):
    (tmp_path / "sweep.toml").write_text(sweep_text())
    folder = SweepFolder.made(tmp_path / "runs", Sweep.from_toml(tmp_path / "sweep.toml"))
    for run in folder.sweep.runs:
        simulate(folder.sweep.spec_of(run), output=folder.output(run))
    crafted(folder.output(folder.sweep.runs[1]), "trajectory/loss", craft)
    for copy in (False, True):
        refused(lambda _, copy=copy: collect(folder, tmp_path / "all.h5", copy=copy), None)
    assert not (tmp_path / "all.h5").exists()


def test_checkpoints(tmp_path, monkeypatch):
    """One that leads elsewhere is none: the run goes on from the one before."""
    monkeypatch.setattr("scbsim.run.loop._BLOCK_STEPS", 50)
    path, n = tmp_path / "run.h5", iter(range(100))
    spec = run_spec("output.checkpoint_seconds=0", steps=1000)
    simulate(spec, output=path, stop=lambda: next(n) > 4)
    newest, before = (tmp_path / f"run.h5.{name}" for name in ("ckpt", "ckpt.1"))
    with h5py.File(before) as file:
        earlier = file.attrs["facts"]
    with h5py.File(newest, "r+") as file:
        name = next(name for name in file if isinstance(file[name], h5py.Dataset))
        external(file, name, str(tmp_path / "secret"))
    assert f'"step": {checkpoint_step(path)},'.encode() in earlier
    whole = simulate(spec)
    assert simulate(spec, output=path, resume=True)["loss"].equals(whole["loss"])


@pytest.mark.parametrize("count", [-1, 10**12])
def test_a_count_of_rows_that_are_not_there(copy, count):
    with h5py.File(copy, "r+") as file:
        file["trajectory/n_committed"][()] = count
    for read in (load, describe):
        with pytest.raises(OutputError, match="rows are to count"):
            read(copy)
