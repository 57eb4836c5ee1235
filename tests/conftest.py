import pytest

from scbsim.storage.runfile.check import check


def pytest_collection_modifyitems(items):
    """What takes a minute or more begins first: no worker is left with it when the others are done."""
    items.sort(key=lambda item: item.get_closest_marker("long") is None)


@pytest.fixture
def checked_here(monkeypatch):
    """Files are checked in this process: at once, and without asking what says stop."""
    monkeypatch.setattr("scbsim.storage.checkpoint.resume.checked", lambda path, _stop: check(path))
