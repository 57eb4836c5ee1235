"""Commands of many runs whose stderr is closed, or has lost its reader, go on to their ends."""

import os
import pty
import signal
import subprocess
import sys
from time import monotonic, sleep

import h5py
import pytest
from scbsim_testing.small_sweeps import ended, sweep_text
from scbsim_testing.warm_cli import warm_cli

from scbsim.sweep.folder import SweepFolder
from scbsim.sweep.states import states

WITHIN = 600.0

COMPARED = """
[task]
N = 4
T = 40
Q = 2
P_concentration = 0.05
[dynamics]
engine = "batch"
batch_size = 50
replicas = 3
[[stage]]
rule = "sgd"
steps = 9
"""

GRID = ("--x", "task.T=50:80:4", "--y", "dynamics.batch_size=1e4:1e6:3log", "--replicas", "3")


class Started:
    """A command whose stderr is closed, a pipe that no one reads, or a terminal that is gone."""

    def __init__(self, how, folder, *words):
        self.there = None
        if how == "closed":
            # In a Python of its own, whose stderr is none from its start on.
            self.process = subprocess.Popen(
                ["sh", "-c", 'exec "$@" 2>&-', "sh", sys.executable, "-m", "scbsim", *words],
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                start_new_session=True,
            )
            return
        there, here = os.pipe() if how == "pipe" else pty.openpty()
        if how == "pipe":
            os.close(there)
        else:
            # A terminal that closes sends SIGHUP, which asks the work to stop.
            self.there = there
        none = os.open(os.devnull, os.O_RDWR)
        self.process = warm_cli().started(
            *words, cwd=folder, streams=[none, none, here], alone=True, deaf=how == "terminal"
        )
        os.close(none)
        os.close(here)

    def lose(self):
        if self.there is not None:
            os.close(self.there)
            self.there = None

    def status(self):
        self.lose()
        return self.process.wait(WITHIN)


@pytest.fixture
def started(tmp_path, monkeypatch):
    begun = []
    monkeypatch.setenv("TERM", "xterm")

    def start(how, *words):
        begun.append(Started(how, tmp_path, *words))
        return begun[-1]

    yield start
    for each in begun:
        each.lose()
        each.process.kill()
        each.process.wait()


def until(is_so):
    deadline = monotonic() + WITHIN
    while not is_so():
        assert monotonic() < deadline
        sleep(0.05)


def found(folder):
    return {each.run.name: each.state for each in states(SweepFolder.open(folder))}


HOW = ["pipe", *(pytest.param(how, marks=pytest.mark.slow) for how in ("closed", "terminal"))]


@pytest.mark.slow
@pytest.mark.parametrize("how", HOW)
def test_a_sweep_tells_no_one_of_what_failed_and_runs_the_others(tmp_path, started, how):
    (tmp_path / "one.toml").write_text(sweep_text(""))
    assert ended("run", "one.toml", "-o", "a.h5", cwd=tmp_path)[0] == 0
    (tmp_path / "s.toml").write_text(
        "[dynamics]\nengine='collapsed'\nrule='sgd'\n[[stage]]\nsteps = 3\n"
        "[sweep]\nproduct = {'task.from' = ['b.h5', 'a.h5'], seed = [0, 1]}\n"
    )
    sweep = started(how, "sweep", "s.toml", "-o", "d", "--jobs", "1")
    until((tmp_path / "d/sweep.json").exists)
    assert sweep.status() == 1
    assert list(found(tmp_path / "d").values()) == ["failed"] * 2 + ["complete"] * 2


@pytest.mark.slow
@pytest.mark.parametrize("how", HOW)
def test_a_signal_still_stops_a_sweep_with_checkpoints(tmp_path, started, how):
    (tmp_path / "s.toml").write_text(sweep_text(steps=10**11, every=10**7))
    sweep = started(how, "sweep", "s.toml", "-o", "d", "--jobs", "1")
    until((tmp_path / "d/sweep.json").exists)
    until(lambda: "running" in found(tmp_path / "d").values())
    sweep.lose()
    sweep.process.send_signal(signal.SIGTERM)
    assert sweep.status() == 75
    assert found(tmp_path / "d") == {"seed=0": "stopped", "seed=1": "missing", "seed=2": "missing"}
    assert (tmp_path / "d/seed=0/run.h5.ckpt").exists()


@pytest.mark.slow
@pytest.mark.parametrize("how", HOW)
def test_a_phase_diagram_has_all_its_points(tmp_path, started, how):
    (tmp_path / "p.toml").write_text(sweep_text(""))
    phase = started(how, "phase", "p.toml", "-o", "d", "--rules", "sgd", *GRID)
    until(lambda: (tmp_path / "d").exists() or phase.process.poll() is not None)
    assert phase.status() == 0
    for name in ("phase.h5", "phase.png", "phase.pdf"):
        assert (tmp_path / "d" / name).exists()
    with h5py.File(tmp_path / "d/phase.h5") as file:
        assert file["done"][()].all()


@pytest.mark.slow
@pytest.mark.parametrize("how", HOW)
def test_a_comparison_and_its_pictures_are_made(tmp_path, started, how):
    (tmp_path / "c.toml").write_text(COMPARED)
    names = ["batch", "compare", "isotropic", "matched"]
    # The second time it says of each file that it is kept.
    for _ in range(2):
        (tmp_path / "d/compare.h5").unlink(missing_ok=True)
        assert started(how, "compare", "c.toml", "-o", "d").status() == 0
        assert sorted(path.stem for path in (tmp_path / "d").glob("*.h5")) == names
        assert len(list((tmp_path / "d").glob("*.png"))) == 1


FEW = ["--set", "task.T=60", "--set", "dynamics.batch_size=8", "--set", "stage.0.steps=4"]


@pytest.mark.slow
@pytest.mark.parametrize("how", HOW)
def test_a_figure_is_made(tmp_path, started, how):
    for _ in range(2):
        assert started(how, "figure", "1", "--quick", "-o", "d", *FEW).status() == 0
        picture = tmp_path / "d/figure1.png"
        assert picture.exists()
        picture.unlink()
