import pytest

from scbsim.storage.check import check


@pytest.fixture
def checked_here(monkeypatch):
    """Files are checked in this process: at once, and without asking what says stop."""
    monkeypatch.setattr("scbsim.storage.resume.checked", lambda path, _stop: check(path))
