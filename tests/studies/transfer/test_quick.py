"""The quick and the full transfer figure in one folder share their runs."""

from __future__ import annotations

from dataclasses import replace

import pytest
from scbsim_testing.transfer_runs import SMALL

from scbsim.errors import OutputError
from scbsim.studies.transfer import run as transfer
from scbsim.trajectory.views import spec_table_of

FULL = tuple(replace(each, starts=(None, 0.5)) for each in SMALL)
QUICK = tuple(replace(each, starts=(None,)) for each in SMALL)


@pytest.fixture(autouse=True)
def _small(monkeypatch):
    monkeypatch.setattr(transfer, "settings", lambda *, quick: QUICK if quick else FULL)


def content(paths):
    return {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in paths}


@pytest.mark.slow
def test_quick_then_full_then_quick(tmp_path):
    quick = transfer.run(tmp_path, quick=True, threads=1)
    kept = content(quick.files)
    full = transfer.run(tmp_path, threads=1)
    assert set(quick.files) < set(full.files)
    assert content(quick.files) == kept
    pictures, notes = [path.read_bytes() for path in full.pictures], []
    kept = content(full.files)
    again = transfer.run(tmp_path, quick=True, threads=1, notify=notes.append)
    assert again.files == full.files
    assert content(full.files) == kept
    assert [path.read_bytes() for path in again.pictures] == pictures
    assert notes[0] == f"{tmp_path} has all runs already: --quick uses them as they are"


@pytest.mark.slow
def test_other_settings_are_other_runs(tmp_path):
    words = ["stage.1.threshold=0.05"]
    made = transfer.run(tmp_path, quick=True, threads=1, overrides=words)
    spec = spec_table_of(made.learning[0].run)
    assert spec["stage"][1]["threshold"] == 0.05
    with pytest.raises(OutputError, match=r"stage\.1\.threshold is 0\.05 there and 0\.03 here"):
        transfer.run(tmp_path, quick=True, threads=1)
