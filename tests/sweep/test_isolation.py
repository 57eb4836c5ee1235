"""What a run changes in its process is taken back before the next one."""

import os
import warnings
import weakref
from contextlib import suppress

import pytest

from scbsim.sweep.isolation import afresh


class Node:
    """Something that refers to itself."""


def test_all_of_it_is_taken_back(tmp_path, monkeypatch):
    monkeypatch.setenv("KEPT", "1")
    monkeypatch.delenv("MADE", raising=False)
    here, filters = os.getcwd(), list(warnings.filters)
    with suppress(ZeroDivisionError), afresh():
        os.environ["MADE"] = "2"
        del os.environ["KEPT"]
        os.chdir(tmp_path)
        warnings.simplefilter("ignore")
        node = Node()
        node.itself = node
        left = weakref.ref(node)
        del node
        raise ZeroDivisionError
    assert (os.environ.get("KEPT"), os.environ.get("MADE")) == ("1", None)
    assert os.getcwd() == here
    assert warnings.filters == filters
    assert left() is None


@pytest.mark.slow
def test_a_warning_that_was_shown_is_shown_again():
    with warnings.catch_warnings(record=True) as shown:
        warnings.simplefilter("default")
        for _ in range(3):
            with afresh():
                for _ in range(2):
                    warnings.warn("the same", UserWarning, stacklevel=1)
    assert len(shown) == 3


def test_a_folder_that_is_gone_is_no_obstacle(tmp_path, monkeypatch):
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    with afresh():
        os.chdir(tmp_path)
    with pytest.raises(FileNotFoundError):
        os.getcwd()
