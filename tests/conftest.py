import pytest

from scbsim.storage.runfile.check import check


@pytest.fixture
def checked_here(monkeypatch):
    """Files are checked in this process: at once, and without asking what says stop."""
    monkeypatch.setattr("scbsim.storage.checkpoint.resume.checked", lambda path, _stop: check(path))
