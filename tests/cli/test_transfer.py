import pytest
from scbsim_testing.transfer_runs import SMALL

from scbsim.errors import Stopped
from scbsim.storage.runfile.loading import load
from scbsim.studies.transfer import run as transfer
from scbsim.studies.transfer.outcomes import learned


@pytest.fixture
def small(monkeypatch):
    asked = []
    monkeypatch.setattr(transfer, "settings", lambda *, quick: asked.append(quick) or SMALL)
    return asked


@pytest.mark.slow
def test_transfer_end_to_end(scbsim, small, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = scbsim("transfer", "--quick", "--seed", 4, "--threads", 1)
    assert result.exit_code == 0, result.output
    assert small[0] is True
    assert result.stdout.endswith(
        "transfer/transfer.png\ntransfer/transfer.pdf\ntransfer/transfer.txt\n"
    )
    run = load(tmp_path / "transfer" / "real" / "from-0.5-batch16.h5")
    assert '"seed":4' in run.attrs["spec"].replace(" ", "")
    steps = learned(0.5, run)
    row = next(line.split() for line in result.stdout.splitlines() if line.startswith("0.5 "))
    assert row[:3] == ["0.5", f"{steps.cosine_A:.2f}", f"{steps.cosine_V:.2f}"]
    shares = [line.split() for line in result.stdout.splitlines() if "/16" in line]
    assert [words[0] for words in shares] == ["scratch", "0.5"]
    again = scbsim("transfer", "--quick", "--seed", 4, "--quiet")
    assert (again.exit_code, again.output) == (0, "")


def test_wrong_words_leave_nothing_behind(scbsim, fails, tmp_path):
    said = fails(scbsim("transfer", "--seed", "-1", "-o", tmp_path / "out"), 2)
    assert "seed" in said
    assert not (tmp_path / "out").exists()
    (tmp_path / "file").write_text("mine")
    fails(scbsim("transfer", "-o", tmp_path / "file"), 2)
    assert (tmp_path / "file").read_text() == "mine"


def test_a_signal_is_status_75(scbsim, fails, monkeypatch, tmp_path):
    def run(*_, **__):
        raise Stopped("stopped on a signal")

    monkeypatch.setattr(transfer, "run", run)
    assert "stopped on a signal" in fails(scbsim("transfer", "-o", tmp_path), 75)
