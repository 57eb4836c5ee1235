"""Progress in a notebook: one display, which is replaced, and nothing on stderr."""

import sys
from types import ModuleType, SimpleNamespace

import pytest

from scbsim.run import progress
from scbsim.run.progress import Progress
from scbsim.util.streams import in_notebook


@pytest.fixture
def shown(monkeypatch):
    """Stand in for a kernel; return what each display shows, frame after frame."""
    displays = []

    def display(content, *, raw, display_id):
        assert raw
        assert display_id
        frames = [content]
        displays.append(frames)
        return SimpleNamespace(update=lambda content, raw: frames.append(content))

    shell = ModuleType("IPython")
    shell.get_ipython = lambda: SimpleNamespace(kernel=object())
    shown = ModuleType("IPython.display")
    shown.display = display
    monkeypatch.setitem(sys.modules, "IPython", shell)
    monkeypatch.setitem(sys.modules, "IPython.display", shown)
    return displays


def run(clock, seconds=3, label="run"):
    bar = Progress(seconds * 100)
    bar.start(label)
    for step in range(1, seconds * 100 + 1):
        clock[0] += 0.01
        bar.update(step, 0, {"alpha_A": 0.25})
    bar.close("complete")


def test_a_run_is_one_display(shown, monkeypatch, capsys):
    clock = [100.0]
    monkeypatch.setattr(progress, "monotonic", lambda: clock[0])
    run(clock, label="<b>my run")
    (frames,) = shown
    # One a 0.2 s, the first and the last.
    assert 12 <= len(frames) <= 18
    assert frames[-1]["text/plain"].startswith("<b>my run  300/300  100 steps/s  complete")
    html = frames[-1]["text/html"]
    assert '<progress value="300" max="300">' in html
    assert "&lt;b&gt;my run" in html
    assert "alpha_A 0.25" in html
    assert capsys.readouterr() == ("", "")


def test_a_process_without_a_kernel_is_no_notebook(shown, monkeypatch):
    assert in_notebook()
    sys.modules["IPython"].get_ipython = lambda: SimpleNamespace()
    assert not in_notebook()
    monkeypatch.delitem(sys.modules, "IPython")
    assert not in_notebook()
