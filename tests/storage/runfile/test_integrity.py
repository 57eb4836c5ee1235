"""The process that checks a file: only its verdict counts, and signals to us do not reach it."""

import os
import resource
import signal
import subprocess
import sys
import textwrap
from time import monotonic, sleep
from types import SimpleNamespace

import pytest
from scbsim_testing.processes import child, pids_of

from scbsim.errors import Stopped
from scbsim.storage.runfile import integrity as verify
from scbsim.storage.runfile.integrity import checked

pytestmark = pytest.mark.usefixtures("cold_check")


@pytest.fixture
def program(monkeypatch):
    def put(words):
        monkeypatch.setattr(verify, "_CHILD", child(words))

    return put


def wait_until(holds):
    deadline = monotonic() + 60
    while not holds():
        assert monotonic() < deadline
        sleep(0.01)


def test_a_good_file(done):
    assert checked(done) == ("whole", "", False)


def test_a_damaged_file(copy):
    copy.write_bytes(copy.read_bytes()[:-5000])
    assert checked(copy)[0] == "damaged"


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (signal.SIGKILL, "was killed, as the system does when memory is short"),
        (signal.SIGSEGV, "ended by a signal: Segmentation fault"),
        (signal.SIGBUS, "ended by a signal: Bus error"),
        (signal.SIGABRT, "ended by a signal: Aborted"),
    ],
)
def test_a_process_that_dies_has_found_nothing(done, program, number, said):
    program(f"say(b'.'); os.kill(os.getpid(), {int(number)})")
    verdict = checked(done)
    assert verdict.kind == "unchecked"
    assert said in verdict.why


def test_one_that_cannot_start_has_found_nothing(done, program, monkeypatch):
    program("import no_such_module")
    verdict = checked(done)
    assert verdict.kind == "unchecked"
    assert verdict.why == "ModuleNotFoundError: No module named 'no_such_module'"
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    verdict = checked(done)
    assert verdict.kind == "unchecked"
    assert "no process could be started" in verdict.why


def test_a_crash_after_the_verdict_does_not_matter(done, program):
    program("whole(); os.kill(os.getpid(), signal.SIGSEGV)")
    assert checked(done).kind == "whole"


def test_what_libraries_print_is_no_verdict(done, program):
    program("print('verdict? a warning', flush=True); say(b'more'); whole()")
    assert checked(done).kind == "whole"


def test_one_that_reads_nothing_new(done, program, monkeypatch):
    monkeypatch.setattr(verify, "_SILENT_SECONDS", 0.5)
    program("say(b'.'); time.sleep(1000)")
    verdict = checked(done)
    assert verdict.kind == "unchecked"
    assert "came to a halt" in verdict.why
    assert pids_of(done) == []


def test_one_that_is_slow_has_all_the_time_it_needs(done, program, monkeypatch):
    monkeypatch.setattr(verify, "_SILENT_SECONDS", 5.0)
    # Longer in all than it may be silent, on a clock that goes on with each line that is read: how
    # long a busy machine takes to start a process does not count.
    now = [0.0]

    def read(pipe, most):
        content = os.read(pipe, most)
        now[0] += 0.05 * content.count(b"\n")
        return content

    monkeypatch.setattr(verify, "os", SimpleNamespace(**{**vars(os), "read": read}))
    monkeypatch.setattr(verify, "monotonic", lambda: now[0])
    program("[(say(b'.'), time.sleep(0.01)) for _ in range(120)]; whole()")
    assert checked(done).kind == "whole"
    assert now[0] > 5.0


def test_a_passing_error_is_asked_about_again(done, program, tmp_path):
    seen = tmp_path / "seen"
    program(f"""
        first = not os.path.exists({str(seen)!r})
        open({str(seen)!r}, "w").close()
        say(b'verdict ["unchecked", "Input/output error", true]') if first else whole()
    """)
    assert checked(done).kind == "whole"


def test_a_lasting_error_is_asked_about_twice(done, program, tmp_path):
    seen = tmp_path / "seen"
    program(f"""
        open({str(seen)!r}, "a").write("x")
        say(b'verdict ["unchecked", "Input/output error", true]')
    """)
    assert checked(done)[:2] == ("unchecked", "Input/output error")
    assert seen.read_text() == "xx"


def test_stop_ends_the_check(done, program):
    program("say(b'.'); time.sleep(1000)")
    with pytest.raises(Stopped, match=r"stopped on a signal while .* was checked"):
        checked(done, lambda: bool(pids_of(done)))
    assert pids_of(done) == []


def test_a_signal_to_our_group_does_not_reach_it(done, tmp_path):
    """Ctrl-C on a terminal, and scancel, go to the whole group."""
    code = textwrap.dedent(f"""
        import os, signal, sys
        from pathlib import Path
        from scbsim.storage.runfile import integrity as verify
        verify._CHILD = {child("time.sleep(1.0); whole()")!r}
        heard = []
        signal.signal(signal.SIGINT, lambda *_: heard.append(1))
        signal.signal(signal.SIGTERM, lambda *_: heard.append(1))
        print("ready", flush=True)
        print(verify.checked(Path({str(done)!r})).kind, len(heard), flush=True)
    """)
    line = [sys.executable, "-c", code]
    group = subprocess.Popen(line, stdout=subprocess.PIPE, text=True, start_new_session=True)
    assert group.stdout.readline() == "ready\n"
    wait_until(lambda: pids_of(done))
    for number in (signal.SIGINT, signal.SIGTERM):
        os.killpg(group.pid, number)
    assert group.communicate(timeout=60)[0] == "whole 2\n"


def test_it_ends_when_the_one_who_asked_is_killed(done):
    code = textwrap.dedent(f"""
        from pathlib import Path
        from scbsim.storage.runfile import integrity as verify
        verify._CHILD = {child("while True: say(b'.'); time.sleep(0.01)")!r}
        verify.checked(Path({str(done)!r}))
    """)
    asking = subprocess.Popen([sys.executable, "-c", code])
    wait_until(lambda: pids_of(done))
    asking.kill()
    asking.wait()
    wait_until(lambda: not pids_of(done))


def test_more_open_files_than_select_can_name(done):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 2000), hard))
    with open(os.devnull) as null:
        held = [os.dup(null.fileno()) for _ in range(1100)]
    try:
        assert checked(done).kind == "whole"
    finally:
        for each in held:
            os.close(each)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
