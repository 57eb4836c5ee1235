"""An output that another program takes away, replaces or cuts short while it is written."""

from __future__ import annotations

import os
import shutil

import pytest
from scbsim_testing.small_runs import run_spec

from scbsim import load, simulate
from scbsim.errors import RunFailed


@pytest.fixture
def folder(done, tmp_path, flush_always):
    """A folder for a run, and beside it another run with a checkpoint."""
    other = tmp_path / "other"
    other.mkdir()
    simulate(run_spec("seed=7"), output=other / "run.h5", stop=lambda: True)
    (tmp_path / "runs").mkdir()
    return tmp_path / "runs"


def replace(folder):
    for path in (folder.parent / "other").iterdir():
        shutil.move(path, folder / path.name)


def remove(folder):
    (folder / "run.h5").unlink()


def move(folder):
    folder.rename(folder.with_name("elsewhere"))


def empty(folder):
    os.truncate(folder / "run.h5", 0)


def cut(folder):
    os.truncate(folder / "run.h5", 10_000)


@pytest.mark.parametrize(
    ("meddle", "what"),
    [
        (replace, "replaced by another file"),
        (remove, "removed or moved"),
        (move, "removed or moved"),
        (empty, "cut short"),
        (cut, "cut short"),
    ],
)
@pytest.mark.parametrize("words", [(), ("dynamics.replicas=3",), ("output.checkpoint_seconds=0",)])
def test_the_run_ends_and_says_so(meddle, what, words, folder):
    path, asked = folder / "run.h5", []

    def stop():
        asked.append(1)
        if len(asked) == 3:
            meddle(folder)
        return False

    spec = run_spec(*words, steps=2000)
    with pytest.raises(RunFailed, match=rf"run\.h5 was {what} while it was being written") as said:
        simulate(spec, output=path, stop=stop)
    assert said.value.exit_status == 1
    assert len(asked) < 6, "at the next flush"
    if meddle is replace:
        assert load(path).attrs["status"] == "stopped"
        assert (folder / "run.h5.ckpt").exists()
    if meddle is empty:
        assert path.stat().st_size == 0


def test_at_the_very_end(folder):
    path, asked = folder / "run.h5", []
    before = None

    def stop():
        nonlocal before
        asked.append(1)
        if len(asked) == 3:
            replace(folder)
            before = path.read_bytes()
        return len(asked) == 3

    with pytest.raises(RunFailed, match="replaced by another file"):
        simulate(run_spec(steps=2000), output=path, stop=stop)
    assert path.read_bytes() == before
