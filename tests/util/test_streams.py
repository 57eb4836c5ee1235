"""What the library says on stderr, whatever stands there."""

import io
import sys

import pytest

from scbsim import RunSpec, simulate
from scbsim.run.progress import Progress
from scbsim.util.streams import STDERR, on_terminal

SMALL = {"task": {"N": 10, "T": 100, "Q": 1}, "stage": [{"steps": 5}]}


class Broken(io.StringIO):
    def __init__(self, error, terminal=False):
        super().__init__()
        self._error, self._terminal = error, terminal

    def write(self, text):
        raise self._error

    def flush(self):
        raise self._error

    def isatty(self):
        return self._terminal


def closed():
    stream = io.StringIO()
    stream.close()
    return stream


STREAMS = {
    "none": lambda: None,
    "closed": closed,
    "pipe": lambda: Broken(BrokenPipeError()),
    "terminal": lambda: Broken(OSError(5, "Input/output error"), terminal=True),
    "terminal of a pipe": lambda: Broken(BrokenPipeError(), terminal=True),
    "bare": object,
}


@pytest.mark.parametrize("name", STREAMS)
def test_a_run_does_not_need_stderr(name, monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr("scbsim.run.progress.LINE_SECONDS", 0.0)
    monkeypatch.setattr("scbsim.run.progress.REFRESH_SECONDS", 0.0)
    monkeypatch.setattr(sys, "stderr", STREAMS[name]())
    assert simulate(RunSpec.from_dict(SMALL), progress=True).attrs["status"] == "complete"


def test_what_is_said_goes_to_the_stderr_of_the_time(monkeypatch):
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setattr("scbsim.run.progress.LINE_SECONDS", 0.0)
    progress = Progress(2)
    progress.start("some")
    progress.update(1, 0, {"alpha_A": 0.5})
    progress.close("complete")
    assert "some: step 1/2" in stream.getvalue()
    assert "alpha_A 0.5" in stream.getvalue()


def test_a_terminal_is_known_as_one(monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    for name, stream in STREAMS.items():
        monkeypatch.setattr(sys, "stderr", stream())
        assert on_terminal() == name.startswith("terminal"), name
    monkeypatch.setenv("TERM", "dumb")
    monkeypatch.setattr(sys, "stderr", STREAMS["terminal"]())
    assert not on_terminal()
    assert STDERR.encoding == "utf-8"
