import os
import signal
from time import sleep

import pytest

from scbsim.cli.signals import interruptible, stopping


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_first_signal_asks_and_the_second_ends(number, capfd):
    before = signal.getsignal(number)
    with stopping() as stop:
        assert not stop()
        os.kill(os.getpid(), number)
        assert stop()
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), number)
    assert signal.getsignal(number) is before
    assert capfd.readouterr().err == "stopping; once more stops at once\n"


def test_an_interrupt_in_a_finaliser_is_not_lost(capfd):
    class Finalised:
        def __del__(self):
            os.kill(os.getpid(), signal.SIGTERM)

    with stopping():
        os.kill(os.getpid(), signal.SIGTERM)
        Finalised()  # Its end raises, and Python drops that.
        with pytest.raises(KeyboardInterrupt):
            sleep(10)
    assert capfd.readouterr().err == "stopping; once more stops at once\n"


def test_on_a_terminal_it_is_said_on_a_line_of_its_own(monkeypatch, capfd):
    monkeypatch.setattr(os, "isatty", lambda handle: handle == 2)
    with stopping():
        os.kill(os.getpid(), signal.SIGTERM)
    assert capfd.readouterr().err.startswith("\nstopping")


def test_handlers_are_put_back_after_an_error():
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(ZeroDivisionError), stopping():
        raise ZeroDivisionError
    assert signal.getsignal(signal.SIGINT) is before


def test_hangups_only_ask(capfd):
    before = signal.getsignal(signal.SIGHUP)
    with stopping() as stop:
        # A terminal that closes may send several, and a SIGTERM before them.
        os.kill(os.getpid(), signal.SIGTERM)
        for _ in range(2):
            os.kill(os.getpid(), signal.SIGHUP)
        assert stop()
    assert signal.getsignal(signal.SIGHUP) is before
    assert capfd.readouterr().err == "stopping; once more stops at once\n"


def test_a_hangup_that_is_ignored_stays_so():
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with stopping() as stop:
            os.kill(os.getpid(), signal.SIGHUP)
            assert not stop()
        assert signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_what_can_be_interrupted_is(number):
    before = signal.getsignal(number)

    @interruptible()
    def work():
        os.kill(os.getpid(), number)

    with pytest.raises(KeyboardInterrupt):
        work()
    assert signal.getsignal(number) is before
