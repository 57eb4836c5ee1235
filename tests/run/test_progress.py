import io
import re
from contextlib import ExitStack
from types import SimpleNamespace

import pytest
from numba.core import event

from scbsim.kernels.compile.cache_lock import WAITING
from scbsim.run import progress
from scbsim.run.progress import Progress

ROW = {"alpha_A": 0.25, "alpha_V": 0.5, "delta_A": 1e-3, "loss": 0.4}


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def clock(monkeypatch):
    class Clock:
        now = 100.0

        def __call__(self):
            return self.now

    clock = Clock()
    monkeypatch.setattr(progress, "monotonic", clock)
    return clock


def run_for(seconds, clock, steps_per_second=100, quiet=False, status="complete"):
    """100 updates a second; returns after `close`."""
    bar = Progress(seconds * steps_per_second, quiet=quiet)
    bar.start("n100-l1.h5")
    for step in range(1, seconds * 100 + 1):
        clock.now += 0.01
        bar.update(step * steps_per_second // 100, 0, ROW)
    bar.close(status)


def test_plain_lines_come_every_ten_seconds(clock, capsys):
    run_for(35, clock)
    out, err = capsys.readouterr()
    lines = err.splitlines()
    assert out == ""
    assert len(lines) == 4
    assert [int(re.search(r"step (\d+)/3500", line)[1]) for line in lines] == pytest.approx(
        [1000, 2000, 3000, 3500], abs=3
    )
    assert lines[0].startswith("n100-l1.h5: ")
    assert "100 steps/s" in lines[0]
    assert "0:25 left" in lines[0]
    assert "alpha_A 0.25  alpha_V 0.5  delta_A 0.001" in lines[0]
    assert "complete" in lines[-1]
    assert "left" not in lines[-1]


def test_a_short_run_says_nothing_in_a_log(clock, capsys):
    run_for(9, clock)
    assert capsys.readouterr() == ("", "")


def test_time_before_the_first_steps_return_does_not_count(clock, capsys):
    bar = Progress(1000)
    bar.start("run")
    bar.update(0, 0, ROW)
    clock.now += 60
    bar.update(1, 0, ROW)
    clock.now += 10
    bar.update(101, 0, ROW)
    assert "step 101/1000  10 steps/s  1:30 left" in capsys.readouterr().err
    bar.close("complete")


def test_quiet_says_nothing(clock, capsys):
    run_for(60, clock, quiet=True)
    assert capsys.readouterr() == ("", "")


def test_a_later_stage_is_named(clock, capsys):
    bar = Progress(10)
    bar.start("run")
    clock.now += 11
    bar.update(5, 2, ROW)
    assert "stage 2" in capsys.readouterr().err
    bar.close("complete")


def test_a_terminal_is_refreshed_five_times_a_second_at_most(clock, monkeypatch):
    screen = Terminal()
    monkeypatch.setattr("sys.stderr", screen)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "150")
    run_for(4, clock)
    shown = screen.getvalue()
    frames = shown.count("steps/s")
    # One a 0.2 s, the one that close() leaves, and rich's own last look at it.
    assert 15 <= frames <= 24
    assert "n100-l1.h5" in shown
    assert "alpha_A 0.25" in shown
    assert "400/400" in shown
    assert "complete" in shown.split("steps/s")[-1]


def test_a_dumb_terminal_gets_plain_lines(clock, monkeypatch):
    screen = Terminal()
    monkeypatch.setattr("sys.stderr", screen)
    monkeypatch.setenv("TERM", "dumb")
    run_for(15, clock)
    assert len(screen.getvalue().splitlines()) == 2
    assert "\x1b" not in screen.getvalue()


def test_close_without_a_step_is_quiet(capsys):
    bar = Progress(10)
    bar.start("run")
    bar.close("failed")
    assert capsys.readouterr() == ("", "")


def compile_as_numba_does(*names):
    """The events of a kernel, and of what is called in it."""
    with ExitStack() as nested:
        for name in names:
            function = SimpleNamespace(__name__=name)
            data = {"dispatcher": SimpleNamespace(py_func=function)}
            nested.enter_context(event.trigger_event("numba:compile", data))


def cold_start(clock, quiet=False):
    bar = Progress(100, quiet=quiet, kernels=("observe", "advance"))
    with bar.preparing("run"):
        compile_as_numba_does("observe")
        bar.start("run")
        bar.update(0, 0, ROW)
        clock.now += 1
        compile_as_numba_does("advance", "step", "couple")
        with event.trigger_event(WAITING, {"kernel": "advance"}):
            pass
        compile_as_numba_does("another")
        clock.now += 1
        bar.update(100, 0, ROW)
        bar.close("complete")
    compile_as_numba_does("later")


def test_a_terminal_says_what_is_compiled(clock, monkeypatch):
    screen = Terminal()
    monkeypatch.setattr("sys.stderr", screen)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "150")
    cold_start(clock)
    shown = screen.getvalue()
    wanted = (
        "compiling observe (1 of 2)",
        "compiling advance (2 of 2)",
        "waiting for another process that compiles advance (2 of 2)",
        "compiling another",
        "complete",
    )
    places = [shown.index(words) for words in wanted]
    assert places == sorted(places)
    assert "later" not in shown
    assert "100/100" in shown.split("compiling")[-1]


def test_a_log_has_one_line_of_compiling(clock, capsys):
    cold_start(clock)
    assert capsys.readouterr().err.splitlines() == ["run: compiling observe (1 of 2)"]


def test_quiet_says_nothing_of_compiling(clock, capsys):
    cold_start(clock, quiet=True)
    assert capsys.readouterr() == ("", "")


def test_functions_are_counted_but_shown_five_times_a_second_at_most(clock, monkeypatch):
    screen = Terminal()
    monkeypatch.setattr("sys.stderr", screen)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "150")
    bar = Progress(100, kernels=("advance",))
    with bar.preparing("run"), ExitStack() as nested:
        for count in range(31):
            function = SimpleNamespace(__name__="advance" if count == 0 else "inner")
            data = {"dispatcher": SimpleNamespace(py_func=function)}
            nested.enter_context(event.trigger_event("numba:compile", data))
            clock.now += 0.04
    counts = [
        int(n)
        for n in re.findall(r"compiling advance \(1 of 1\), (\d+) functions", screen.getvalue())
    ]
    assert sorted(set(counts)) == [5, 10, 15, 20, 25, 30]
